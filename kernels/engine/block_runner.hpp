// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "kernels/engine/device.hpp"
#include "kernels/engine/host_load.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/engine/operation.hpp"

namespace quantfleet::engine {

// ok, or kInvalidArgument with the place and the reason: indices not dense, a policy that makes no
// sense, no arm.
Status CheckBlock(const Block& block);

// Measures blocks on one device: prepares every arm, checks each output against the references,
// warms up, then samples in interleaved rounds of random order until every arm's stop rule says
// so. An arm that cannot be prepared, is wrong or fails gets its outcome; the others go on. An arm
// is visited until its own rule stops it; baseline and null go on as long as any other arm, so that
// each round of an arm has its pair. One thread uses it.
class BlockRunner {
 public:
  // Everything outlives the runner. `clock` times warm-up and progress, not samples; `processors`
  // says how busy others kept the host.
  BlockRunner(Device& device, std::span<const std::unique_ptr<Operation>> operations, Clock* clock,
              ProcessorTimesSource processors = ReadProcessorTimes);

  using OnProgress = std::function<void(const Progress&)>;
  // One measurement an arm, in index order. kCancelled soon after `stop` was requested.
  Result<std::vector<Measurement>> Run(const Block& block, std::stop_token stop,
                                       const OnProgress& on_progress);

 private:
  Device& device_;
  std::span<const std::unique_ptr<Operation>> operations_;
  Clock* clock_;
  ProcessorTimesSource processors_;
};

}  // namespace quantfleet::engine
