-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Large matrices are taken at once, and made and queued bit by bit.

-- Pending: made, and not yet in the queue.
ALTER TABLE block DROP CONSTRAINT IF EXISTS block_state_known;
ALTER TABLE block ADD CONSTRAINT block_state_known
  CHECK (state IN ('pending', 'ready', 'leased', 'done', 'failed', 'cancelled')) NOT VALID;

-- A matrix whose blocks were not all made when it was taken. Blocks are made in order of their ordinals, each bit in
-- the transaction that counts it: what is counted here is there, and nothing else is.
CREATE TABLE IF NOT EXISTS expansion (
  matrix_id    text PRIMARY KEY REFERENCES matrix,
  state        text NOT NULL DEFAULT 'running',
  blocks_total bigint NOT NULL,
  arms_total   bigint NOT NULL,
  blocks_made  bigint NOT NULL,
  arms_made    bigint NOT NULL,
  -- Of each copy of the blocks: the target's name, and the class of what it asks of a device.
  targets      text[] NOT NULL,
  class_ids    bigint[] NOT NULL,
  -- Why the last attempt to go on failed.
  reason       text NOT NULL DEFAULT '',
  -- Nobody tries before.
  not_before   timestamptz NOT NULL DEFAULT '-infinity',
  -- Stopped: with its matrix, by a cancel; a retry of everything goes on.
  CONSTRAINT expansion_state_known CHECK (state IN ('running', 'stopped', 'done'))
);
CREATE INDEX IF NOT EXISTS expansion_running ON expansion (matrix_id) WHERE state = 'running';

-- Where pending blocks of a class go on into the queue. A row goes when none is left.
CREATE TABLE IF NOT EXISTS feed (
  matrix_id    text NOT NULL REFERENCES matrix,
  class_id     bigint NOT NULL REFERENCES requirement_class,
  next_ordinal bigint NOT NULL,
  -- Looked at by one replica at a time, and not again before.
  not_before   timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT feed_pk PRIMARY KEY (matrix_id, class_id)
);

-- Blocks are written by one function, under a lock on their matrix and with classes that it has just looked up; a
-- check for each row took longer than the row.
ALTER TABLE block DROP CONSTRAINT IF EXISTS block_matrix_id_fkey;
ALTER TABLE block DROP CONSTRAINT IF EXISTS block_class_id_fkey;
