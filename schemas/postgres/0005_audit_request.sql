-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Which call made a change: the id that its log lines have. Programs of the version before write none.
ALTER TABLE audit ADD COLUMN request_id text NOT NULL DEFAULT '';
