// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/parking.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "coordinator/postgres/agent_store.hpp"

namespace quantfleet::rpc {

Parking::Parking(postgres::Pool* pool, Duration tick)
    : pool_(pool), tick_(tick), thread_([this] { Loop(); }) {}

Parking::~Parking() {
  Drain();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Parking::Park(ParkedCall call) {
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }
  wake_.notify_one();
}

void Parking::Wake() {
  {
    const std::lock_guard lock(mutex_);
    hint_ = true;
  }
  wake_.notify_one();
}

void Parking::Drain() {
  std::unique_lock lock(mutex_);
  draining_ = true;
  wake_.notify_all();
  settled_.wait(lock, [&] { return calls_.empty() && !in_round_; });
}

uint32_t Parking::Waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(calls_.size()) + round_calls_;
}

namespace {

// Sessions that are over or hold what they do not mention are rare: they are looked for less often
// than blocks.
constexpr Duration kThoroughPeriod = std::chrono::seconds(5);
constexpr Duration kWatchPeriod = std::chrono::milliseconds(100);

}  // namespace

void Parking::Loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (calls_.empty() || in_round_) {
      wake_.wait(lock, [&] { return stopping_ || (!calls_.empty() && !in_round_); });
      continue;
    }
    Duration until = Clock::Steady()->Now() + tick_;
    for (const ParkedCall& call : calls_) until = std::min(until, call.deadline);
    if (hint_pending_) until = std::min(until, next_watch_);
    const auto time = std::chrono::steady_clock::time_point(until);
    wake_.wait_until(lock, time, [&] { return stopping_ || hint_ || draining_; });
    const Duration now = Clock::Steady()->Now();
    std::vector<ParkedCall> calls = TakeRound(now);
    hint_ = false;
    if (calls.empty()) continue;
    const bool thorough = now >= next_thorough_;
    if (thorough) next_thorough_ = now + kThoroughPeriod;
    in_round_ = true;
    round_calls_ = static_cast<uint32_t>(calls.size());
    const bool last = draining_;
    lock.unlock();
    Round(std::move(calls), last, thorough);
    lock.lock();
  }
}

std::vector<ParkedCall> Parking::TakeRound(Duration now) {
  const bool watch = draining_ || now >= next_watch_;
  if (watch) next_watch_ = now + kWatchPeriod;
  // A hint that came too early for those who watch is kept for them.
  hint_pending_ = !watch && (hint_ || hint_pending_);
  std::vector<ParkedCall> taken, kept;
  for (ParkedCall& call : calls_) {
    const bool mine = watch || !call.session_id.empty() || call.deadline <= now;
    (mine ? taken : kept).push_back(std::move(call));
  }
  calls_ = std::move(kept);
  return taken;
}

namespace {

// Sessions among those of `calls` that the database has something for; none if it cannot say:
// a short outage passes unnoticed, a long one is answered at each call's deadline.
std::set<std::string> Answerable(postgres::Connection& db, const std::vector<ParkedCall>& calls,
                                 bool thorough) {
  std::vector<std::string> sessions;
  for (const ParkedCall& call : calls) {
    if (!call.session_id.empty()) sessions.push_back(call.session_id);
  }
  if (sessions.empty()) return {};
  const auto found = postgres::AnswerableSessions(db, sessions, thorough);
  if (!found.ok()) return {};
  return {found->begin(), found->end()};
}

}  // namespace

void Parking::Round(std::vector<ParkedCall> calls, bool last, bool thorough) {
  const auto shared = std::make_shared<std::vector<ParkedCall>>(std::move(calls));
  const auto put_back = [this](std::vector<ParkedCall> waiting) {
    const std::lock_guard lock(mutex_);
    std::move(waiting.begin(), waiting.end(), std::back_inserter(calls_));
    in_round_ = false;
    round_calls_ = 0;
    wake_.notify_one();
    settled_.notify_all();
  };
  const bool posted = pool_->Post([shared, put_back, last, thorough](postgres::Connection& db) {
    const Duration now = Clock::Steady()->Now();
    const std::set<std::string> answerable =
        last ? std::set<std::string>() : Answerable(db, *shared, thorough);
    std::vector<ParkedCall> waiting;
    for (ParkedCall& call : *shared) {
      const bool due = last || call.deadline <= now;
      const bool worth = due || call.session_id.empty() || answerable.contains(call.session_id);
      if (!worth || !call.attempt(db, due)) waiting.push_back(std::move(call));
    }
    put_back(std::move(waiting));
  });
  // The database's queue is full: its load will fall, the calls wait on.
  if (!posted) {
    put_back(std::move(*shared));
    Clock::Steady()->SleepFor(std::chrono::milliseconds(20));
  }
}

}  // namespace quantfleet::rpc
