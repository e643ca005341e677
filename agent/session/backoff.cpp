// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/backoff.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace quantfleet::agent {

bool WaitFor(Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

Backoff::Backoff() : random_(std::random_device()()) {}

Duration Backoff::Next() {
  const double wait = seconds_ * std::uniform_real_distribution<double>(0.5, 1)(random_);
  seconds_ = std::min(2 * seconds_, kMost);
  return FromSeconds(wait);
}

}  // namespace quantfleet::agent
