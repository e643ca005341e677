// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/matrix_store.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::testing {

// A migrated database in a schema of its own.
std::string NewDatabase();

// A Hello of agent `name` on host `host` with one CPU device of `threads`.
v1::HelloRequest HelloOf(const std::string& name, const std::string& host = "host-1",
                         uint32_t threads = 2);

// `blocks` blocks of a baseline, its null and one candidate each, for any CPU.
postgres::Submission SubmissionOf(const std::string& request_id, int blocks);

// A complete, valid result of `block`; `salt` makes its content differ.
v1::BlockResult ResultOf(const v1::Block& block, uint64_t epoch, int salt = 0);

// The usual policy, but a block that failed does not wait, and is given up after `max_failures`.
postgres::LeasePolicy AtOnce(int max_failures = 3);

// Opens a session and returns its id; fails the program on an error.
std::string Open(postgres::Connection& db, const v1::HelloRequest& hello,
                 const postgres::LeasePolicy& policy = {});
// An idle Sync.
Result<v1::SyncResponse> SyncIdle(postgres::Connection& db, const std::string& session,
                                  const postgres::LeasePolicy& policy = {});
// A Sync that says `grant` is running.
Result<v1::SyncResponse> SyncBusy(postgres::Connection& db, const std::string& session,
                                  const v1::Grant& grant, const postgres::LeasePolicy& policy = {});
// First column of the first row of `sql`.
std::string Scalar(postgres::Connection& db, const std::string& sql);
// Blocks whose rows contradict each other, empty if none: a block is either ready and queued, or
// leased under its present epoch, or done with a result, or over without.
std::string Contradictions(postgres::Connection& db);

}  // namespace quantfleet::testing
