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
  settled_.wait(lock, [&] { return calls_.empty() && rounds_ == 0; });
}

uint32_t Parking::Waiting() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(calls_.size()) + in_rounds_;
}

void Parking::Loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (calls_.empty()) {
      wake_.wait(lock, [&] { return stopping_ || !calls_.empty(); });
      continue;
    }
    Duration until = Clock::Steady()->Now() + tick_;
    for (const ParkedCall& call : calls_) until = std::min(until, call.deadline);
    const auto time = std::chrono::steady_clock::time_point(until);
    wake_.wait_until(lock, time, [&] { return stopping_ || hint_ || draining_; });
    hint_ = false;
    ++rounds_;
    in_rounds_ += static_cast<uint32_t>(calls_.size());
    std::vector<ParkedCall> calls = std::exchange(calls_, {});
    const bool last = draining_;
    lock.unlock();
    Round(std::move(calls), last);
    lock.lock();
  }
}

namespace {

// Sessions among those of `calls` that the database has something for; none if it cannot say:
// a short outage passes unnoticed, a long one is answered at each call's deadline.
std::set<std::string> Answerable(postgres::Connection& db, const std::vector<ParkedCall>& calls) {
  std::vector<std::string> sessions;
  for (const ParkedCall& call : calls) {
    if (!call.session_id.empty()) sessions.push_back(call.session_id);
  }
  if (sessions.empty()) return {};
  const auto found = postgres::AnswerableSessions(db, sessions);
  if (!found.ok()) return {};
  return {found->begin(), found->end()};
}

}  // namespace

void Parking::Round(std::vector<ParkedCall> calls, bool last) {
  const size_t taken = calls.size();
  const auto shared = std::make_shared<std::vector<ParkedCall>>(std::move(calls));
  const auto put_back = [this, taken](std::vector<ParkedCall> waiting) {
    const std::lock_guard lock(mutex_);
    std::move(waiting.begin(), waiting.end(), std::back_inserter(calls_));
    --rounds_;
    in_rounds_ -= static_cast<uint32_t>(taken);
    wake_.notify_one();
    settled_.notify_all();
  };
  const bool posted = pool_->Post([shared, put_back, last](postgres::Connection& db) {
    const Duration now = Clock::Steady()->Now();
    const std::set<std::string> answerable = Answerable(db, *shared);
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
