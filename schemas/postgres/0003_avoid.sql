-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- A failed block is for others first.

-- The session that reported the block's last failure; for a while the block is not granted to it.
ALTER TABLE ready ADD COLUMN avoid_session text NOT NULL DEFAULT '';
