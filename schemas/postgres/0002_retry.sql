-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Retries by cause: what a lost session, a failure and a goodbye cost a block.

-- Sessions that ended without a word while they held the block, since the last retry. Each counts once, because
-- it is over then. Too many: the block is taken for poison.
ALTER TABLE block ADD COLUMN losing_sessions integer NOT NULL DEFAULT 0;

-- After a failure the block waits.
ALTER TABLE ready ADD COLUMN not_before timestamptz NOT NULL DEFAULT '-infinity';

-- Released: given back with a goodbye. It costs the block nothing.
ALTER TABLE attempt DROP CONSTRAINT attempt_outcome_known;
ALTER TABLE attempt ADD CONSTRAINT attempt_outcome_known
  CHECK (outcome IN ('accepted', 'lost', 'released', 'failed', 'cancelled'));
