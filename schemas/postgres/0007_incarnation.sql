-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Which database this is, so that a copy is noticed before it grants what the original granted already.
CREATE TABLE IF NOT EXISTS incarnation (
  one      boolean PRIMARY KEY DEFAULT true,
  -- The cluster's system identifier and the database's number in it.
  identity text NOT NULL,
  CONSTRAINT incarnation_one CHECK (one)
);
