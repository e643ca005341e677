// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace quantfleet::bench {

// One way to compute y = x W^T over copies of the same weights. Used by one thread.
class Arm {
 public:
  virtual ~Arm() = default;

  // How the weights lie in memory ("packed", "plain", "CPU_REPACK"), and the kernel that runs.
  virtual std::string_view layout() const = 0;
  virtual std::string_view kernel() const = 0;
  // Copies of the weights to rotate over. At least 1.
  virtual uint32_t copies() const = 0;

  // Calls from now on use so many threads, the caller included. One of Options.threads.
  virtual Status UseThreads(uint32_t threads) = 0;
  // Fills y with NaN, so that a call that writes nothing shows.
  virtual void Poison() = 0;
  // One whole call with the weights of `copy`.
  virtual Status Run(uint32_t copy) = 0;
  // Sends threads that spin between calls to sleep, so that they do not disturb another arm.
  virtual void Rest() {}
  // y of the last call, [batch, n].
  virtual std::vector<float> Output() const = 0;
};

}  // namespace quantfleet::bench
