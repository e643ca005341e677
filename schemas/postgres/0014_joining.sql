-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Matrices that grow while they run: device classes that join later get their copy of the blocks.

-- Copies that joined, which are the last ones of `targets` and `class_ids`: the ordinals of their first blocks.
ALTER TABLE expansion ADD COLUMN IF NOT EXISTS joined_ordinals bigint[] NOT NULL DEFAULT '{}';
-- Lower than this every ordinal is some block's, made or to be made. Null: it is blocks_total. Moves under the lock of
-- the matrix.
ALTER TABLE expansion ADD COLUMN IF NOT EXISTS next_ordinal bigint;

-- An `each` target that takes device classes as they come. Its matrix does not end while it is open.
CREATE TABLE IF NOT EXISTS joining (
  matrix_id   text NOT NULL REFERENCES matrix,
  target      text NOT NULL,
  -- Of what it asks of a device, whatever its class: who meets it may join.
  class_id    bigint NOT NULL REFERENCES requirement_class,
  until_time  timestamptz NOT NULL,
  is_open     boolean NOT NULL DEFAULT true,
  -- Of a copy, and of the matrix with all its copies at most.
  copy_blocks bigint NOT NULL,
  copy_arms   bigint NOT NULL,
  most_arms   bigint NOT NULL,
  -- Why a class that came has no copy; nobody tries again before.
  reason      text NOT NULL DEFAULT '',
  not_before  timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT joining_pk PRIMARY KEY (matrix_id, target)
);
CREATE INDEX IF NOT EXISTS joining_open ON joining (matrix_id) WHERE is_open;

-- The device classes that have their copy.
CREATE TABLE IF NOT EXISTS joined (
  matrix_id    text NOT NULL,
  target       text NOT NULL,
  device_class text NOT NULL,
  CONSTRAINT joined_pk PRIMARY KEY (matrix_id, target, device_class),
  CONSTRAINT joined_joining FOREIGN KEY (matrix_id, target) REFERENCES joining
);
