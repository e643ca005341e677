-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Second step to results in partitions: reads the tables once, while others read and write them.
ALTER TABLE block_result VALIDATE CONSTRAINT first_partition;
ALTER TABLE measurement VALIDATE CONSTRAINT first_partition;
ALTER TABLE ratio VALIDATE CONSTRAINT first_partition;
