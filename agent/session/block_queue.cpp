// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/block_queue.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/logging.hpp"

namespace quantfleet::agent {
namespace {

SpoolKey KeyOf(const v1::Grant& grant) {
  return {grant.block().block_id(), grant.epoch()};
}

template <typename Message>
SpoolKey KeyOf(const Message& message) {
  return {message.block_id(), message.epoch()};
}

}  // namespace

BlockQueue::BlockQueue(std::function<bool(const SpoolKey&)> has_result)
    : has_result_(std::move(has_result)) {}

void BlockQueue::Open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  waiting_.clear();
  finished_.clear();
}

void BlockQueue::Close() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  waiting_.clear();
  changed_.notify_all();
}

bool BlockQueue::KnowsLocked(const SpoolKey& key) const {
  return (running_ && KeyOf(*running_) == key) || has_result_(key) ||
         std::any_of(waiting_.begin(), waiting_.end(),
                     [&](const v1::Grant& grant) { return KeyOf(grant) == key; });
}

bool BlockQueue::EnqueueLocked(const v1::Grant& grant) {
  if (KnowsLocked(KeyOf(grant))) return false;
  waiting_.push_back(grant);
  return true;
}

void BlockQueue::DropLocked(const v1::Stop& stop) {
  const SpoolKey key = KeyOf(stop);
  const bool runs = running_ && KeyOf(*running_) == key;
  const auto waits = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const v1::Grant& grant) { return KeyOf(grant) == key; });
  if (!runs && waits == waiting_.end()) return;
  log::Info("the coordinator stops the block",
            {{"block", key.block_id}, {"reason", stop.reason()}});
  if (runs) running_stop_.request_stop();
  if (waits != waiting_.end()) waiting_.erase(waits);
}

bool BlockQueue::Take(const v1::SyncResponse& response) {
  const std::lock_guard lock(mutex_);
  if (!open_) return false;
  if (response.has_stop()) DropLocked(response.stop());
  for (const v1::Stop& dropped : response.dropped()) DropLocked(dropped);
  bool fresh = response.has_start() && EnqueueLocked(response.start());
  for (const v1::Grant& grant : response.queue()) fresh = EnqueueLocked(grant) || fresh;
  if (fresh) changed_.notify_all();
  return fresh;
}

void BlockQueue::Describe(v1::SyncRequest* request) {
  const std::lock_guard lock(mutex_);
  const auto add = [](const SpoolKey& key, v1::HeldBlock* held) {
    held->set_block_id(key.block_id);
    held->set_epoch(key.epoch);
  };
  if (running_) *request->mutable_running() = *running_;
  for (const v1::Grant& grant : waiting_) add(KeyOf(grant), request->add_queued());
  std::erase_if(finished_, [this](const SpoolKey& key) { return !has_result_(key); });
  for (const SpoolKey& key : finished_) add(key, request->add_finished());
  described_ = news_;
}

void BlockQueue::AwaitNews(Duration most, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, most, [this] { return news_ != described_; });
}

bool BlockQueue::AwaitNext(Duration most, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !open_ || !waiting_.empty(); };
  return changed_.wait_for(lock, stop, most, ready) || stop.stop_requested();
}

std::optional<StartedBlock> BlockQueue::Next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, stop, [this] { return !open_ || !waiting_.empty(); });
  if (!open_ || stop.stop_requested()) return std::nullopt;
  StartedBlock started{std::move(waiting_.front()), {}, std::exchange(ended_with_next_, false)};
  waiting_.pop_front();
  running_.emplace();
  running_->set_block_id(started.grant.block().block_id());
  running_->set_epoch(started.grant.epoch());
  running_->set_phase("wait");
  running_stop_ = started.stop;
  advanced_ = false;
  return started;
}

bool BlockQueue::HasNext() {
  const std::lock_guard lock(mutex_);
  return open_ && !waiting_.empty();
}

bool BlockQueue::Advance(const v1::Progress& progress) {
  const std::lock_guard lock(mutex_);
  if (!running_) return false;
  // A block that runs again after a failure starts anew; people see the bar wait, not fall.
  running_->set_fraction(std::max(running_->fraction(), progress.fraction()));
  running_->set_phase(progress.phase() + " arm " + std::to_string(progress.arm_index()));
  if (std::exchange(advanced_, true)) return false;
  ++news_;
  changed_.notify_all();
  return true;
}

void BlockQueue::Finish(bool result) {
  const std::lock_guard lock(mutex_);
  if (result) finished_.push_back(KeyOf(*running_));
  running_.reset();
  ended_with_next_ = !waiting_.empty();
  if (ended_with_next_) return;
  ++news_;
  changed_.notify_all();
}

}  // namespace quantfleet::agent
