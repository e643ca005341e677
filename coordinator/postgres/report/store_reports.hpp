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

// One Report of a batch.
struct ReportCall {
  const v1::ReportRequest* request = nullptr;
  // Agent that its session belongs to and that its blocks were granted to; empty: whoever calls is
  // believed.
  std::string agent;
};

// Takes many Reports in one transaction. Verdicts and rows agree whatever dies when; what was
// accepted first stays; see Disposition in agent_service.proto. A block that could not be run is
// queued again, to wait as `policy` says, or given up after policy.max_failures. Each answer is its
// own: kPermissionDenied: the session is another agent's. If the batch as a whole is refused by the
// database, its entries are stored one by one, so that one cannot hold up the others. `dispatcher`
// learns how long blocks took.
Result<std::vector<Result<v1::ReportResponse>>> StoreReports(Connection& db,
                                                             const std::vector<ReportCall>& calls,
                                                             const LeasePolicy& policy,
                                                             scheduler::Dispatcher& dispatcher);

// A batch of one result, and of one failure.
Result<v1::ReportVerdict> StoreResult(Connection& db, const std::string& session_id,
                                      const v1::BlockResult& result);
Result<v1::ReportVerdict> StoreFailure(Connection& db, const v1::BlockFailure& failure,
                                       const LeasePolicy& policy);

}  // namespace quantfleet::postgres
