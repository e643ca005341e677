// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/scheduler/dispatcher.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::postgres {

// One Sync of a batch.
struct SyncCall {
  const v1::SyncRequest* request = nullptr;
  // Agent the session must belong to; empty: whoever calls is believed.
  std::string agent;
};

// Answers many Syncs in one transaction: a commit costs as much for a hundred as for one. The
// sessions differ. Each answer is its own: kFailedPrecondition: that session is over;
// kPermissionDenied: it is another agent's. The status of the whole is the database's.
Result<std::vector<Result<v1::SyncResponse>>> SyncSessions(Connection& db,
                                                           const std::vector<SyncCall>& calls,
                                                           const LeasePolicy& policy,
                                                           scheduler::Dispatcher& dispatcher);

}  // namespace quantfleet::postgres
