-- SPDX-FileCopyrightText: 2026 The Quantfleet Authors
-- SPDX-License-Identifier: Apache-2.0
--
-- Matrices that are submitted by the clock.

CREATE TABLE IF NOT EXISTS schedule (
  schedule_id    text PRIMARY KEY,
  name           text NOT NULL,
  -- In whose name its matrices run: their role then, and whether a quota applies.
  principal      text NOT NULL,
  role           text NOT NULL,
  has_quota      boolean NOT NULL,
  request_id     text NOT NULL,
  cron           text NOT NULL,
  time_zone      text NOT NULL,
  misfire        text NOT NULL,
  overlap        text NOT NULL,
  jitter_seconds integer NOT NULL,
  document       text NOT NULL,
  file_name      text NOT NULL,
  matrix_name    text NOT NULL,
  state          text NOT NULL DEFAULT 'active',
  create_time    timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The first due time that has no fire, and when it fires. Null: paused, removed, or never due again.
  next_due       timestamptz,
  next_fire      timestamptz,
  CONSTRAINT schedule_request_unique UNIQUE (principal, request_id),
  CONSTRAINT schedule_state_known CHECK (state IN ('active', 'paused', 'removed')),
  CONSTRAINT schedule_misfire_known CHECK (misfire IN ('skip', 'once', 'all')),
  CONSTRAINT schedule_overlap_known CHECK (overlap IN ('skip', 'queue'))
);
CREATE UNIQUE INDEX IF NOT EXISTS schedule_name ON schedule (name) WHERE state <> 'removed';
CREATE INDEX IF NOT EXISTS schedule_next ON schedule (next_fire) WHERE state = 'active';

-- One row a due time, made once: the row is what fires, and its request id is that of the matrix.
CREATE TABLE IF NOT EXISTS schedule_fire (
  schedule_id text NOT NULL REFERENCES schedule,
  due_time    timestamptz NOT NULL,
  request_id  text NOT NULL,
  by_hand     boolean NOT NULL DEFAULT false,
  -- Due: nobody works on it; submitting: somebody does, or died doing so.
  state       text NOT NULL,
  reason      text NOT NULL DEFAULT '',
  matrix_id   text,
  settle_time timestamptz,
  -- Nobody takes it up before.
  not_before  timestamptz NOT NULL DEFAULT '-infinity',
  CONSTRAINT schedule_fire_pk PRIMARY KEY (schedule_id, due_time),
  CONSTRAINT schedule_fire_request_unique UNIQUE (request_id),
  CONSTRAINT schedule_fire_state_known CHECK (state IN ('due', 'submitting', 'submitted', 'skipped', 'failed'))
);
CREATE INDEX IF NOT EXISTS schedule_fire_open ON schedule_fire (not_before) WHERE state IN ('due', 'submitting');
