-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Who may do what, and who did. New tables only: programs of the version before go on beside it.

-- Whoever submits or steers. One is known by name alone, whichever credential it shows.
CREATE TABLE principal (
  principal            text PRIMARY KEY,
  -- Null: the coordinator's.
  max_running_matrices integer,
  max_running_arms     bigint,
  create_time          timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Bearer tokens of people and, with the role agent, single-use enrolment tokens.
CREATE TABLE token (
  token_id    text PRIMARY KEY,
  principal   text NOT NULL,
  role        text NOT NULL,
  -- Of the token, which is stored nowhere. Lower-case hex.
  sha256      text NOT NULL,
  create_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  expire_time timestamptz NOT NULL,
  revoke_time timestamptz,
  use_time    timestamptz,
  -- Of the key an enrolment token was spent on: a retry with it is answered again.
  key_sha256  text,
  CONSTRAINT token_sha256_unique UNIQUE (sha256),
  CONSTRAINT token_role_known CHECK (role IN ('viewer', 'submitter', 'operator', 'admin', 'agent'))
);

-- What coordinators signed. Of the agents' authority only what stands here is good.
CREATE TABLE certificate (
  serial      text PRIMARY KEY,
  agent_name  text NOT NULL,
  issue_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
  expire_time timestamptz NOT NULL,
  revoke_time timestamptz
);
CREATE INDEX certificate_agent ON certificate (agent_name, expire_time);

-- Written in the transaction of the change it tells of; never changed.
CREATE TABLE audit (
  audit_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  time      timestamptz NOT NULL DEFAULT clock_timestamp(),
  principal text NOT NULL,
  role      text NOT NULL,
  peer      text NOT NULL,
  action    text NOT NULL,
  object    text NOT NULL,
  detail    text NOT NULL
);
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit rows are never changed';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- Quotas count what runs of a principal.
CREATE INDEX matrix_running ON matrix (principal) WHERE state = 'running';
