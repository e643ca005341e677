-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Searches: blocks that are added to a running matrix as its results come in, and what they found.

-- A matrix does not end while its search is open.
CREATE TABLE IF NOT EXISTS search (
  matrix_id    text PRIMARY KEY REFERENCES matrix,
  axis         text NOT NULL,
  is_open      boolean NOT NULL DEFAULT true,
  -- The matrix's version when all there was had been looked at.
  seen_version bigint NOT NULL DEFAULT -1,
  -- Of the matrix with all that is added.
  most_arms    bigint NOT NULL,
  -- Why no more is added, or not now; nobody tries before.
  reason       text NOT NULL DEFAULT '',
  not_before   timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX IF NOT EXISTS search_open ON search (matrix_id) WHERE is_open;

-- A block that a search added: to which line of which copy (the blocks that differ in the axis only), at which value,
-- for the curves that asked for it.
CREATE TABLE IF NOT EXISTS search_block (
  matrix_id    text NOT NULL REFERENCES search,
  ordinal      bigint NOT NULL,
  copy         integer NOT NULL,
  line         integer NOT NULL,
  device_class text NOT NULL,
  axis_value   bigint NOT NULL,
  curves       text[] NOT NULL,
  CONSTRAINT search_block_pk PRIMARY KEY (matrix_id, ordinal)
);

-- A line that nothing is added to any more.
CREATE TABLE IF NOT EXISTS search_line (
  matrix_id text NOT NULL REFERENCES search,
  copy      integer NOT NULL,
  line      integer NOT NULL,
  CONSTRAINT search_line_pk PRIMARY KEY (matrix_id, copy, line)
);

-- What a search knows of a curve (quantfleet.v1.Crossover): the first flip, and all of it.
CREATE TABLE IF NOT EXISTS crossover (
  matrix_id    text NOT NULL REFERENCES search,
  copy         integer NOT NULL,
  line         integer NOT NULL,
  device_class text NOT NULL,
  curve        text NOT NULL,
  kind         text NOT NULL,
  outcome      text NOT NULL,
  estimate     float8,
  low          float8,
  high         float8,
  points_added integer NOT NULL,
  detail       bytea NOT NULL,
  CONSTRAINT crossover_pk PRIMARY KEY (matrix_id, copy, line, device_class, curve)
);
