-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Calls are served in batches, and blocks wait on agents.

-- A session may hold several leases: the one it runs and those that wait behind it. One session a host is kept by
-- the lock that each claim takes; programs of the version before still write the key.
ALTER TABLE lease DROP CONSTRAINT IF EXISTS lease_exclusion_unique;
ALTER TABLE lease ALTER COLUMN exclusion_key SET DEFAULT '';
-- Whom the device time is charged to, and how much of it when the block was granted.
ALTER TABLE lease ADD COLUMN IF NOT EXISTS principal text NOT NULL DEFAULT '';
ALTER TABLE lease ADD COLUMN IF NOT EXISTS estimate_seconds double precision NOT NULL DEFAULT 0;

-- A claim looks for other sessions of its host.
CREATE INDEX IF NOT EXISTS session_host ON session (host_id) WHERE state = 'open';

-- Blocks that are neither done nor given up, so that the end of a matrix is seen without counting. Zero is checked
-- against the blocks before it is believed: programs of the version before do not keep it.
ALTER TABLE matrix ADD COLUMN IF NOT EXISTS blocks_open integer NOT NULL DEFAULT 0;
UPDATE matrix m SET blocks_open = (
  SELECT count(*) FROM block b WHERE b.matrix_id = m.matrix_id AND b.state IN ('ready', 'leased'))
WHERE state = 'running';
-- Without it a block's way from ready to done writes no index.
DROP INDEX IF EXISTS block_left;
ALTER TABLE block SET (fillfactor = 60);

-- What the block is like, for estimates of its time, and what it loads, for devices that have it already.
ALTER TABLE block ADD COLUMN IF NOT EXISTS cost_key text NOT NULL DEFAULT '';
ALTER TABLE block ADD COLUMN IF NOT EXISTS weights_key text NOT NULL DEFAULT '';

-- The queue is one line a class and principal: device time is shared between principals.
ALTER TABLE ready ADD COLUMN IF NOT EXISTS principal text NOT NULL DEFAULT '';
UPDATE ready r SET principal = m.principal FROM block b JOIN matrix m USING (matrix_id) WHERE b.block_id = r.block_id;
CREATE INDEX IF NOT EXISTS ready_line ON ready (class_id, principal, band, sort_key, block_id);
DROP INDEX IF EXISTS ready_queue;

-- Of the device time that principals compete for: twice the weight, twice the share.
ALTER TABLE principal ADD COLUMN IF NOT EXISTS weight double precision NOT NULL DEFAULT 1;
ALTER TABLE principal ADD CONSTRAINT principal_weight_positive CHECK (weight > 0);

-- How long the host is expected to last from the session's start; 0: it stays.
ALTER TABLE session ADD COLUMN IF NOT EXISTS life_seconds double precision NOT NULL DEFAULT 0;

-- How long blocks took, by device class and kind of block; see scheduler::CostModel.
CREATE TABLE IF NOT EXISTS block_cost (
  device_class text NOT NULL,
  cost_key     text NOT NULL,
  seconds      double precision NOT NULL,
  samples      bigint NOT NULL,
  CONSTRAINT block_cost_pk PRIMARY KEY (device_class, cost_key)
);

-- Written only together with the rows they would refer to, by one function; a check for each row took longer than
-- the row.
ALTER TABLE sample DROP CONSTRAINT IF EXISTS sample_measurement_fk;
ALTER TABLE ratio DROP CONSTRAINT IF EXISTS ratio_measurement_fk;
ALTER TABLE measurement DROP CONSTRAINT IF EXISTS measurement_block_id_fkey;
ALTER TABLE attempt DROP CONSTRAINT IF EXISTS attempt_block_id_fkey;
