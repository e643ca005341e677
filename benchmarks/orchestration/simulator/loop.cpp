// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/orchestration/simulator/loop.hpp"

#include <algorithm>

namespace quantfleet::bench {
namespace {

constexpr Duration kLongestWait = std::chrono::milliseconds(10);

}  // namespace

Loop::~Loop() {
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) delete static_cast<Event*>(tag);
}

void Loop::At(Duration time, std::function<void()> action) {
  timers_.emplace(time, std::move(action));
}

void Loop::Run(const std::function<bool()>& over) {
  while (!over()) {
    now_ = Clock::Steady()->Now();
    while (!timers_.empty() && timers_.begin()->first <= now_) {
      auto timer = timers_.extract(timers_.begin());
      timer.mapped()();
    }
    Duration wait = kLongestWait;
    if (!timers_.empty()) wait = std::clamp(timers_.begin()->first - now_, Duration(0), wait);
    const auto until = std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(wait);
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) continue;
    now_ = Clock::Steady()->Now();
    static_cast<Event*>(tag)->Happen();
  }
}

}  // namespace quantfleet::bench
