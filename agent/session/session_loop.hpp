// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/executor/device_executor.hpp"
#include "agent/session/backoff.hpp"
#include "agent/session/block_queue.hpp"
#include "agent/session/coordinator_client.hpp"
#include "agent/session/reporter.hpp"
#include "agent/spool/spool.hpp"
#include "base/clock.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::agent {

// What an agent says of itself.
struct SessionOptions {
  std::string agent_name;
  std::string host_id;
  std::map<std::string, std::string> labels;
  bool share_host = false;
  // Blocks to have waiting behind the one that runs.
  uint32_t prefetch = 1;
  // How long the host lasts from the loop's making on; 0: it stays. Seconds.
  double life_seconds = 0;
  // Wait before a device that could not be measured is tried again; each try holds up the host.
  double examine_again_seconds = 60;
};

// The life of one device at a coordinator: opens a session, runs the blocks it is given one after
// the other, and has their results handed in. Between two blocks the device waits for nobody: the
// next one is here already, and disk and network are other threads'. A grant offered again is never
// run twice, for its result is kept until the coordinator's verdict. One thread calls Run.
class SessionLoop {
 public:
  // Everything outlives the loop.
  SessionLoop(SessionOptions options, CoordinatorClient* coordinator, DeviceExecutor* executor,
              Spool* spool);

  // Until `stop`: then stops the block that runs, says Goodbye, with which those that wait go back,
  // and returns ok. Errors that no retry mends (the coordinator refuses this agent) end it earlier.
  Status Run(const std::stop_token& stop);

 private:
  Status RunUntilStopped(const std::stop_token& stop);
  Status OpenSession(const std::stop_token& stop);
  Status Examine(const std::stop_token& stop);
  // Runs blocks until the session ends; why it did.
  Status Serve(const std::stop_token& stop);
  void RunBlock(const StartedBlock& block, const std::stop_token& stop);
  // With "gap_ms", the device's idle time before the block, and whether it was here by then.
  void LogEnd(const StartedBlock& block, Duration begin) const;
  // Called from any thread: this session is over.
  void EndSession(const std::string& session_id, const Status& reason);

  const SessionOptions options_;
  CoordinatorClient* const coordinator_;
  DeviceExecutor* const executor_;
  Spool* const spool_;
  const Duration begin_;
  // Of the attempts to open the next session; the same for each, so that one session is opened.
  v1::HelloRequest hello_;
  Backoff backoff_;
  BlockQueue queue_;
  std::mutex mutex_;
  std::optional<v1::HelloResponse> session_;  // written by Run's thread alone
  Status end_;
  // Last: its thread ends before what it calls.
  std::optional<Reporter> reporter_;
};

}  // namespace quantfleet::agent
