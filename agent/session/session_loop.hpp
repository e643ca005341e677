// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/executor/device_executor.hpp"
#include "agent/session/backoff.hpp"
#include "agent/session/coordinator_client.hpp"
#include "agent/spool/spool.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::agent {

// What an agent says of itself.
struct SessionOptions {
  std::string agent_name;
  std::string host_id;
  std::map<std::string, std::string> labels;
  bool share_host = false;
  // Wait before a device that could not be measured is tried again; each try holds up the host.
  double examine_again_seconds = 60;
};

// The life of one device at a coordinator: opens a session, takes blocks, runs them, hands the
// results in. The result goes to the spool before it is reported and leaves it with the
// coordinator's verdict, so a grant offered again is never run twice. One thread calls Run.
class SessionLoop {
 public:
  // Everything outlives the loop.
  SessionLoop(SessionOptions options, CoordinatorClient* coordinator, DeviceExecutor* executor,
              Spool* spool);

  // Until `stop`: then stops the block that runs, says Goodbye and returns ok. Errors that no retry
  // mends (the coordinator refuses this agent) end it earlier.
  Status Run(const std::stop_token& stop);

 private:
  Status RunUntilStopped(const std::stop_token& stop);
  Status Step(const std::stop_token& stop);
  Status OpenSession(const std::stop_token& stop);
  // Reports what is spooled, one entry a call.
  Status ReportPending(const std::stop_token& stop);
  Status ReportOne(const SpoolKey& key, const std::stop_token& stop);
  Status TakeBlock(const std::stop_token& stop);
  void RunGrant(const v1::Grant& grant, const std::stop_token& stop);
  v1::SyncRequest IdleRequest() const;

  const SessionOptions options_;
  CoordinatorClient* const coordinator_;
  DeviceExecutor* const executor_;
  Spool* const spool_;
  // Of the attempts to open the next session; the same for each, so that one session is opened.
  v1::HelloRequest hello_;
  std::optional<v1::HelloResponse> session_;
  Backoff backoff_;
};

}  // namespace quantfleet::agent
