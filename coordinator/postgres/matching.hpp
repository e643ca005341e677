// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/scheduler/requirement.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::postgres {

// Serialises "a session appears" with "a requirement class appears": each looks for the other's
// rows, so neither may commit between the other's look and its write. Held to the end of the
// transaction.
Status LockMatching(Transaction& tx);

scheduler::DeviceFacts FactsOf(const v1::HelloRequest& hello);

// Devices of open sessions, oldest first.
Result<std::vector<scheduler::DeviceFacts>> OpenDevices(Transaction& tx);

struct SessionHello {
  std::string session_id;
  const v1::HelloRequest* hello = nullptr;
};
// Stores which classes open sessions meet. Needs LockMatching.
Status MatchSessions(Transaction& tx, const std::vector<SessionHello>& sessions);

// Ids of requirement classes, made when new and matched with the open sessions then. Needs
// LockMatching; lives no longer than the transaction.
class ClassIds {
 public:
  Result<int64_t> Of(Transaction& tx, const scheduler::Requirement& requirement);

 private:
  std::map<std::string, int64_t> known_;
};

}  // namespace quantfleet::postgres
