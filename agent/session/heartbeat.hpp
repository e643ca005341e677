// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "agent/session/coordinator_client.hpp"

#include "quantfleet/v1/agent_service.pb.h"
#include "quantfleet/v1/engine.pb.h"

namespace quantfleet::agent {

// Renews the lease of a running block from a thread of its own, and passes on the coordinator's
// wish to stop it. Lost calls are repeated at the next beat; once the session is gone the beats
// end, and the block goes on: its result may still be the first. Thread-safe.
class Heartbeat {
 public:
  // Beats every `sync_seconds` until the object goes. Requests a stop on `block_stop` when the
  // coordinator asks for it.
  Heartbeat(CoordinatorClient* coordinator, std::string session_id, double sync_seconds,
            const v1::Grant& grant, std::stop_source block_stop);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // What the next beats say.
  void Advance(const v1::Progress& progress);

 private:
  void Beat(const std::stop_token& end, double seconds);
  // False when beats make no more sense.
  bool Sync(const std::stop_token& end);

  CoordinatorClient* const coordinator_;
  std::stop_source block_stop_;
  std::mutex mutex_;
  v1::SyncRequest request_;
  // Last, so that it ends before what it uses.
  std::jthread thread_;
};

}  // namespace quantfleet::agent
