// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace quantfleet {

using Duration = std::chrono::nanoseconds;

// Source of elapsed time, replaced by a fake in tests. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Time since an arbitrary start; never steps back.
  virtual Duration Now() const = 0;
  // Blocks the calling thread.
  virtual void SleepFor(Duration duration) = 0;

  // The machine's steady clock. Never null, never deleted.
  static Clock* Steady();
};

// Seconds as double.
constexpr double ToSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
// From seconds as double; fractions below a nanosecond are cut. Callers' numbers come here as they
// are: what is no number is 0, and what is beyond 285 years is that.
constexpr Duration FromSeconds(double seconds) {
  constexpr double kMost = 9e9;
  if (seconds != seconds) return Duration();
  if (seconds > kMost) seconds = kMost;
  if (seconds < -kMost) seconds = -kMost;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace quantfleet
