-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Series are the matrices of one name, by time.
CREATE INDEX IF NOT EXISTS matrix_name ON matrix (name, create_time);
