// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>
#include <stop_token>

#include "base/clock.hpp"

namespace quantfleet::agent {

// Blocks for `duration`, or until `stop` is requested. False if it was.
bool WaitFor(Duration duration, const std::stop_token& stop);

// Waits between attempts: 0.2 s, doubled each time up to 5 s, each cut by a random half at most so
// that a fleet does not come back at once. Not thread-safe.
class Backoff {
 public:
  Backoff();
  // The next wait.
  Duration Next();
  // An attempt succeeded.
  void Reset() { seconds_ = kFirst; }

 private:
  static constexpr double kFirst = 0.2;
  static constexpr double kMost = 5;

  double seconds_ = kFirst;
  std::minstd_rand random_;
};

}  // namespace quantfleet::agent
