-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Raw samples one row an arm, and the first of three steps to results in partitions (docs/decisions/0012): a bound
-- for what the tables hold by now. Nothing is read, so nobody waits.

-- Ranges of block ids that have a partition of block_result, measurement, ratio and arm_samples each. Multiples of
-- a million; the first holds all that there was before.
CREATE TABLE result_partition (
  low  bigint PRIMARY KEY,
  -- Not within it.
  high bigint NOT NULL
);
INSERT INTO result_partition SELECT 0, (coalesce(max(block_id), 0) / 1000000 + 2) * 1000000 FROM block;

-- An arm's rounds in their order. Samples of round i are counts[i] of seconds, behind those of the rounds before.
-- Table sample holds those of results from before.
CREATE TABLE arm_samples (
  block_id      bigint NOT NULL,
  arm_index     integer NOT NULL,
  round_numbers integer[] NOT NULL,
  positions     integer[] NOT NULL,
  counts        integer[] NOT NULL,
  seconds       double precision[] NOT NULL,
  CONSTRAINT arm_samples_pk PRIMARY KEY (block_id, arm_index)
) PARTITION BY RANGE (block_id);

CREATE TABLE arm_samples_0 (LIKE arm_samples);
-- Times hardly compress: the attempt would only take time.
ALTER TABLE arm_samples ALTER COLUMN seconds SET STORAGE EXTERNAL;
ALTER TABLE arm_samples_0 ALTER COLUMN seconds SET STORAGE EXTERNAL;

DO $$
DECLARE
  bound bigint := (SELECT high FROM result_partition);
  part text;
BEGIN
  EXECUTE format('ALTER TABLE arm_samples ATTACH PARTITION arm_samples_0 FOR VALUES FROM (MINVALUE) TO (%s)', bound);
  FOREACH part IN ARRAY ARRAY['block_result', 'measurement', 'ratio'] LOOP
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT first_partition CHECK (block_id < %s) NOT VALID', part, bound);
  END LOOP;
END
$$;
