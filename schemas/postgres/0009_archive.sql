-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Matrices that go to files.

-- From then on nothing of the matrix changes any more.
ALTER TABLE matrix ADD COLUMN IF NOT EXISTS archive_time timestamptz;
-- The file that holds all of it, in the archive's folder, and its content: with these its rows may go.
ALTER TABLE matrix ADD COLUMN IF NOT EXISTS archive_file text NOT NULL DEFAULT '';
ALTER TABLE matrix ADD COLUMN IF NOT EXISTS archive_sha256 text NOT NULL DEFAULT '';
