-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Agents that fail with block after block are left out for a while.

-- Of a device of an agent, whatever its sessions: only those that something went wrong with since the last block that
-- went well. See scheduler::Conduct.
CREATE TABLE conduct (
  agent_name text NOT NULL,
  device_uid text NOT NULL,
  strikes    integer NOT NULL,
  suspects   bigint[] NOT NULL,
  -- It gets nothing before.
  free_time  timestamptz NOT NULL,
  -- What went wrong last, for people.
  reason     text NOT NULL,
  CONSTRAINT conduct_pk PRIMARY KEY (agent_name, device_uid)
);
