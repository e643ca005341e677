// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/status.hpp"
#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::postgres {

// Takes the result of a block. One transaction: verdict and rows agree whatever dies when. What was
// accepted first stays; see Disposition in agent_service.proto.
Result<v1::ReportVerdict> StoreResult(Connection& db, const std::string& session_id,
                                      const v1::BlockResult& result);

// Takes the news that a block could not be run: it is queued again, to wait as `policy` says, or
// given up after policy.max_failures.
Result<v1::ReportVerdict> StoreFailure(Connection& db, const v1::BlockFailure& failure,
                                       const LeasePolicy& policy);

}  // namespace quantfleet::postgres
