// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "agent/session/backoff.hpp"
#include "agent/session/block_queue.hpp"
#include "agent/session/coordinator_client.hpp"
#include "agent/session/reporter.hpp"
#include "agent/spool/spool.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::agent {

// What a conversation works with; all outlive it.
struct ConversationParts {
  CoordinatorClient* coordinator = nullptr;
  Spool* spool = nullptr;
  Reporter* reporter = nullptr;
  BlockQueue* queue = nullptr;
};

// The Syncs of one session, one after the other, from a thread of its own: hanging while the device
// idles; while it is busy every so often, which renews the leases, and whenever a block begins, so
// that the next one is here before it ends. Lost calls are repeated.
class Conversation {
 public:
  // Called from the conversation's thread when it ends by itself: kFailedPrecondition (the session
  // is over), or what no retry mends.
  using OnEnd = std::function<void(const Status& reason)>;

  // `prefetch`: blocks to have waiting behind the one that runs.
  Conversation(ConversationParts parts, v1::HelloResponse session, uint32_t prefetch, OnEnd on_end);
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

 private:
  void Loop(const std::stop_token& stop);
  v1::SyncRequest Compose(const std::stop_token& stop);
  // One Sync and the wait for the next. An error ends the conversation.
  Status Exchange(const std::stop_token& stop);
  Duration WaitAfter(const v1::SyncRequest& request, const v1::SyncResponse& response, bool fresh,
                     double passed_seconds) const;
  // The wait after a lost call, or why there is no other.
  Result<Duration> WaitAfter(const v1::SyncRequest& request, const Status& failure);

  const ConversationParts parts_;
  const v1::HelloResponse session_;
  const uint32_t prefetch_;
  const OnEnd on_end_;
  Backoff backoff_;
  std::string last_problem_;
  // Last, so that it ends before what it uses.
  std::jthread thread_;
};

}  // namespace quantfleet::agent
