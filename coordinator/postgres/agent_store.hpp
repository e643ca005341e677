// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/agent_service.pb.h"
#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::postgres {

struct LeasePolicy {
  double lease_seconds = 30;
  double sync_seconds = 5;
  // What a block may cost before it is given up, until somebody retries it: failures its agents
  // report, and sessions that were lost while they held it.
  int max_failures = 3;
  int max_losing_sessions = 3;
  // A block waits so long after its first failure, twice as long after the second, and so on.
  double retry_seconds = 2;
};

// What agents do to the database. Every call is one idempotent transaction; see
// agent_service.proto.
Result<v1::HelloResponse> OpenSession(Connection& db, const v1::HelloRequest& request,
                                      const LeasePolicy& policy);
// A grant, a stop, or neither; never waits. kFailedPrecondition: the session is over.
Result<v1::SyncResponse> SyncSession(Connection& db, const v1::SyncRequest& request,
                                     const LeasePolicy& policy);
Status CloseSession(Connection& db, const std::string& session_id, const std::string& reason);
// Takes blocks back whose lease ran out, and marks their sessions lost. Sessions lost.
Result<int> ExpireLeases(Connection& db, int at_most, const LeasePolicy& policy = {});
// Those of `sessions` that a Sync would answer now, no more than there are blocks for, the first
// ones first. With `thorough` also those that are over or hold a lease. One cheap transaction for
// any number.
Result<std::vector<std::string>> AnswerableSessions(Connection& db,
                                                    const std::vector<std::string>& sessions,
                                                    bool thorough = true);
// Marks sessions lost that hold no lease and have not called for so long.
Status LoseSilentSessions(Connection& db, double seconds);

}  // namespace quantfleet::postgres
