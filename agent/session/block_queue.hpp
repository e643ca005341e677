// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "agent/spool/spool.hpp"
#include "base/clock.hpp"

#include "quantfleet/v1/agent_service.pb.h"
#include "quantfleet/v1/engine.pb.h"

namespace quantfleet::agent {

// A block whose turn has come.
struct StartedBlock {
  v1::Grant grant;
  // Requested when the coordinator wants the block no more.
  std::stop_source stop;
  // It waited already when the one before it ended.
  bool at_once = false;
};

// The blocks of one device: the one that runs, those granted that wait behind it, and those whose
// result is on its way. The device's thread takes blocks out; the conversation with the coordinator
// puts them in and says what there is. Thread-safe.
class BlockQueue {
 public:
  // `has_result` says of a run whether its result is still kept here; called with a lock held.
  explicit BlockQueue(std::function<bool(const SpoolKey&)> has_result);

  // A session begins, or is over: what waits belonged to the former. The running block goes on.
  void Open();
  void Close();

  // Takes in what a Sync answered. A grant that runs, waits or has a result here is passed over.
  // True if there was a new one.
  bool Take(const v1::SyncResponse& response);
  // Fills in `running`, `queued` and `finished`.
  void Describe(v1::SyncRequest* request);
  // Waits until a block began or the last one ended since Describe, at most so long.
  void AwaitNews(Duration most, const std::stop_token& stop);

  // Waits at most so long until Next would not wait. False if it still would.
  bool AwaitNext(Duration most, const std::stop_token& stop);
  // The next block, which then runs. Nothing once closed or stopped. It is no news before its first
  // Advance: the device's thread is not to share its processor while the device waits for it.
  std::optional<StartedBlock> Next(const std::stop_token& stop);
  // True if Next would not wait.
  bool HasNext();
  // What the coordinator is told of the running block. True the first time.
  bool Advance(const v1::Progress& progress);
  // The running block is over; with a result it is told as finished until the result is gone.
  void Finish(bool result);

 private:
  bool KnowsLocked(const SpoolKey& key) const;
  bool EnqueueLocked(const v1::Grant& grant);
  void DropLocked(const v1::Stop& stop);

  const std::function<bool(const SpoolKey&)> has_result_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
  std::deque<v1::Grant> waiting_;
  std::optional<v1::RunningBlock> running_;
  bool advanced_ = false;
  std::stop_source running_stop_;
  bool ended_with_next_ = false;
  std::vector<SpoolKey> finished_;
  // Counts what AwaitNews waits for; as of the last Describe.
  uint64_t news_ = 0;
  uint64_t described_ = 0;
};

}  // namespace quantfleet::agent
