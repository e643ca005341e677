-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- First schema. Times are the database's. State columns are text with a named CHECK. Lock order everywhere:
-- matrix, block (ascending id), then lease, ready, attempt, result.

-- A submitted document, never changed. It is over when none of its blocks is ready or leased.
CREATE TABLE matrix (
  matrix_id       text PRIMARY KEY,
  principal       text NOT NULL,
  request_id      text NOT NULL,
  name            text NOT NULL,
  document        text NOT NULL,
  document_sha256 text NOT NULL,
  priority        integer NOT NULL,
  state           text NOT NULL,
  -- Readers add the epochs and losses of the blocks: granting a block need not touch its matrix.
  version         bigint NOT NULL DEFAULT 1,
  create_time     timestamptz NOT NULL DEFAULT clock_timestamp(),
  end_time        timestamptz,
  CONSTRAINT matrix_request_unique UNIQUE (principal, request_id),
  CONSTRAINT matrix_priority_range CHECK (priority BETWEEN 0 AND 9),
  CONSTRAINT matrix_state_known CHECK (state IN ('running', 'completed', 'failed', 'cancelled'))
);
CREATE INDEX matrix_newest ON matrix (create_time DESC, matrix_id);

-- Equal requirements share a class; the class is the queue's key.
CREATE TABLE requirement_class (
  class_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Of the text below, which may be longer than an index takes.
  sha256      text NOT NULL,
  requirement text NOT NULL,
  CONSTRAINT requirement_class_unique UNIQUE (sha256)
);

-- What an operator says of an agent, whatever its sessions do.
CREATE TABLE agent (
  agent_name text PRIMARY KEY,
  draining   boolean NOT NULL DEFAULT false
);

-- One life of an agent on one device. Of an agent and device at most one is open.
CREATE TABLE session (
  session_id   text PRIMARY KEY,
  request_id   text NOT NULL,
  agent_name   text NOT NULL REFERENCES agent,
  device_uid   text NOT NULL,
  host_id      text NOT NULL,
  share_host   boolean NOT NULL,
  device_class text NOT NULL,
  state        text NOT NULL,
  -- HelloRequest in binary: device, fingerprint, support, ceilings, labels.
  hello        bytea NOT NULL,
  create_time  timestamptz NOT NULL DEFAULT clock_timestamp(),
  last_seen    timestamptz NOT NULL DEFAULT clock_timestamp(),
  spooled_results    integer NOT NULL DEFAULT 0,
  not_leasing_reason text NOT NULL DEFAULT '',
  CONSTRAINT session_request_unique UNIQUE (agent_name, request_id),
  CONSTRAINT session_state_known CHECK (state IN ('open', 'lost', 'closed', 'superseded'))
);
CREATE UNIQUE INDEX session_one_open ON session (agent_name, device_uid) WHERE state = 'open';
CREATE INDEX session_newest ON session (create_time DESC);

-- Which classes a session meets, worked out once when either appears.
CREATE TABLE session_class (
  session_id text NOT NULL REFERENCES session,
  class_id   bigint NOT NULL REFERENCES requirement_class,
  CONSTRAINT session_class_pk PRIMARY KEY (session_id, class_id)
);

-- What is leased. Ready: it has a row in ready. Leased: one in lease, of the same epoch. Done: one in
-- block_result. Of an epoch that is not the block's, nothing is ever accepted.
CREATE TABLE block (
  block_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  matrix_id text NOT NULL REFERENCES matrix,
  ordinal   integer NOT NULL,
  class_id  bigint NOT NULL REFERENCES requirement_class,
  target    text NOT NULL,
  arms      integer NOT NULL,
  -- v1.Block in binary, without block_id and matrix_id; never changed.
  spec      bytea NOT NULL,
  state     text NOT NULL,
  -- Fencing token: grows with each grant, cancel and retry.
  epoch     bigint NOT NULL DEFAULT 0,
  -- Grants that ended with their session; they never spend the budget of failures.
  losses    integer NOT NULL DEFAULT 0,
  -- Grants that the agent gave up, since the last retry.
  failures  integer NOT NULL DEFAULT 0,
  reason    text NOT NULL DEFAULT '',
  CONSTRAINT block_ordinal_unique UNIQUE (matrix_id, ordinal),
  CONSTRAINT block_state_known CHECK (state IN ('ready', 'leased', 'done', 'failed', 'cancelled'))
) WITH (fillfactor = 80);
-- Whether a matrix has anything left is asked with each result.
CREATE INDEX block_left ON block (matrix_id) WHERE state IN ('ready', 'leased');

-- The queue: a row goes when its block is claimed.
CREATE TABLE ready (
  block_id bigint PRIMARY KEY REFERENCES block,
  class_id bigint NOT NULL,
  -- 9 less the matrix's priority: the lowest runs first.
  band     integer NOT NULL,
  -- Within a band: older matrices first, then the order of the blocks.
  sort_key bigint NOT NULL
);
CREATE INDEX ready_queue ON ready (class_id, band, sort_key, block_id);

-- A block held by a session. Updated with every renewal: room on the page, and no index on the time.
CREATE TABLE lease (
  block_id      bigint PRIMARY KEY REFERENCES block,
  epoch         bigint NOT NULL,
  session_id    text NOT NULL REFERENCES session,
  -- Host or device: one block at a time.
  exclusion_key text NOT NULL,
  grant_time    timestamptz NOT NULL DEFAULT clock_timestamp(),
  expire_time   timestamptz NOT NULL,
  fraction      double precision NOT NULL DEFAULT 0,
  phase         text NOT NULL DEFAULT '',
  CONSTRAINT lease_exclusion_unique UNIQUE (exclusion_key)
) WITH (fillfactor = 60);
CREATE INDEX lease_session ON lease (session_id);

-- Every grant there ever was. Without an end only while its lease lives.
CREATE TABLE attempt (
  block_id   bigint NOT NULL REFERENCES block,
  epoch      bigint NOT NULL,
  session_id text NOT NULL,
  start_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  end_time   timestamptz,
  outcome    text,
  reason     text NOT NULL DEFAULT '',
  CONSTRAINT attempt_pk PRIMARY KEY (block_id, epoch),
  CONSTRAINT attempt_outcome_known CHECK (outcome IN ('accepted', 'lost', 'failed', 'cancelled'))
);

-- The one accepted result of a block.
CREATE TABLE block_result (
  block_id    bigint PRIMARY KEY REFERENCES block,
  epoch       bigint NOT NULL,
  digest      text NOT NULL,
  run_id      text NOT NULL,
  session_id  text NOT NULL,
  run_seconds double precision NOT NULL,
  -- v1.BlockResult without measurements, in binary: fingerprint and run.
  header      bytea NOT NULL,
  accept_time timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- One row an arm of an accepted result.
CREATE TABLE measurement (
  block_id       bigint NOT NULL REFERENCES block_result,
  arm_index      integer NOT NULL,
  arm_id         text NOT NULL,
  role           text NOT NULL,
  format         text NOT NULL,
  kernel         text NOT NULL,
  outcome        text NOT NULL,
  grade          text NOT NULL,
  median_seconds double precision,
  weight_bytes   bigint NOT NULL,
  -- v1.Measurement without rounds, in binary.
  detail         bytea NOT NULL,
  CONSTRAINT measurement_pk PRIMARY KEY (block_id, arm_index)
);
CREATE INDEX measurement_arm ON measurement (arm_id);

-- Raw samples, one row a round.
CREATE TABLE sample (
  block_id  bigint NOT NULL,
  arm_index integer NOT NULL,
  round     integer NOT NULL,
  position  integer NOT NULL,
  seconds   double precision[] NOT NULL,
  CONSTRAINT sample_pk PRIMARY KEY (block_id, arm_index, round),
  CONSTRAINT sample_measurement_fk FOREIGN KEY (block_id, arm_index) REFERENCES measurement
);

-- Each arm against the baseline of its block, worked out once when the result is accepted.
CREATE TABLE ratio (
  block_id  bigint NOT NULL,
  arm_index integer NOT NULL,
  ratio     double precision NOT NULL,
  low       double precision NOT NULL,
  high      double precision NOT NULL,
  minimum_detectable_effect double precision NOT NULL,
  verdict   text NOT NULL,
  reason    text NOT NULL,
  rounds    integer NOT NULL,
  CONSTRAINT ratio_pk PRIMARY KEY (block_id, arm_index),
  CONSTRAINT ratio_measurement_fk FOREIGN KEY (block_id, arm_index) REFERENCES measurement
);

-- Results that came too late, twice with another content, or after a cancel. Append only, never counted.
CREATE TABLE late_result (
  late_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  block_id     bigint NOT NULL,
  epoch        bigint NOT NULL,
  digest       text NOT NULL,
  session_id   text NOT NULL,
  why          text NOT NULL,
  result       bytea NOT NULL,
  receive_time timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT late_result_unique UNIQUE (block_id, epoch, digest, why)
);
