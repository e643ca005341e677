// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

#include <thread>

namespace quantfleet {
namespace {

class SteadyClock final : public Clock {
 public:
  Duration Now() const override { return std::chrono::steady_clock::now().time_since_epoch(); }
  void SleepFor(Duration duration) override { std::this_thread::sleep_for(duration); }
};

}  // namespace

Clock* Clock::Steady() {
  static SteadyClock clock;
  return &clock;
}

}  // namespace quantfleet
