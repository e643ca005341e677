// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/block_runner.hpp"

#include <string>
#include <utility>

#include "kernels/engine/block_run.hpp"

namespace quantfleet::engine {
namespace {

constexpr size_t kMostArms = 1024;

Status CheckPolicy(const MeasurePolicy& policy) {
  // Comparisons are written so that NaN fails.
  if (!(policy.confidence > 0.5 && policy.confidence < 1)) {
    return InvalidArgument("policy.confidence must lie in (0.5, 1)");
  }
  if (!(policy.relative_interval > 0)) {
    return InvalidArgument("policy.relativeInterval must be above 0");
  }
  if (!(policy.min_seconds >= 0 && policy.max_seconds >= policy.min_seconds)) {
    return InvalidArgument("policy.minSeconds must lie in [0, maxSeconds]");
  }
  if (!(policy.max_seconds > 0 && policy.max_seconds <= 3600)) {
    return InvalidArgument("policy.maxSeconds must lie in (0, 3600]");
  }
  if (policy.max_rounds > 0 && policy.max_rounds < policy.min_rounds) {
    return InvalidArgument("policy.maxRounds must be 0 or at least minRounds");
  }
  return OkStatus();
}

}  // namespace

Status CheckBlock(const Block& block) {
  if (block.arms.empty()) return InvalidArgument("block.arms is empty");
  if (block.arms.size() > kMostArms) {
    return InvalidArgument("block.arms has more than " + std::to_string(kMostArms) + " arms");
  }
  for (size_t i = 0; i < block.arms.size(); ++i) {
    if (block.arms[i].index != i) {
      return InvalidArgument("block.arms[" + std::to_string(i) + "].index is " +
                             std::to_string(block.arms[i].index) + ", not its place");
    }
  }
  return CheckPolicy(block.policy);
}

BlockRunner::BlockRunner(Device& device, std::span<const std::unique_ptr<Operation>> operations,
                         Clock* clock, ProcessorTimesSource processors)
    : device_(device), operations_(operations), clock_(clock), processors_(std::move(processors)) {}

Result<std::vector<Measurement>> BlockRunner::Run(const Block& block, std::stop_token stop,
                                                  const OnProgress& on_progress) {
  QF_RETURN_IF_ERROR(CheckBlock(block));
  return BlockRun(device_, operations_, {clock_, processors_}, block, std::move(stop), on_progress)
      .Run();
}

}  // namespace quantfleet::engine
