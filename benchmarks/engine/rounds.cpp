// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/rounds.hpp"

#include <algorithm>
#include <numeric>

#include "base/clock.hpp"
#include "kernels/engine/random.hpp"
#include "kernels/engine/statistics.hpp"

namespace quantfleet::bench {
namespace {

constexpr uint32_t kRounds = 20;
constexpr uint32_t kRoundsOfLongCalls = 10;
// Waking the threads and filling the predictors is nothing to a call this long.
constexpr double kLongCallSeconds = 0.02;
constexpr uint32_t kOrderStream = 0x0DE5;

// One arm on its way through the rounds.
struct Visitor {
  Arm* arm = nullptr;
  uint32_t next_copy = 0;
  double call_seconds = 0;
  ArmTimes times;

  Result<double> Call() {
    const Duration start = Clock::Steady()->Now();
    const Status status = arm->Run(next_copy);
    const double seconds = ToSeconds(Clock::Steady()->Now() - start);
    QF_RETURN_IF_ERROR(status);
    next_copy = next_copy + 1 == arm->copies() ? 0 : next_copy + 1;
    return seconds;
  }

  // Two calls: the first may find cold pages and sleeping threads.
  Status Estimate() {
    QF_RETURN_IF_ERROR(Call().status());
    QF_ASSIGN_OR_RETURN(call_seconds, Call());
    times.best = call_seconds;
    arm->Rest();
    return OkStatus();
  }

  Status Visit(double seconds) {
    if (call_seconds < kLongCallSeconds) QF_RETURN_IF_ERROR(Call().status());
    const auto calls = static_cast<size_t>(std::clamp(seconds / call_seconds, 1.0, 1e4));
    std::vector<double> samples(calls);
    for (double& sample : samples) {
      QF_ASSIGN_OR_RETURN(sample, Call());
      times.best = std::min(times.best, sample);
    }
    times.rounds.push_back(engine::Median(std::move(samples)));
    arm->Rest();
    return OkStatus();
  }
};

}  // namespace

Result<std::vector<ArmTimes>> MeasureRounds(std::span<Arm* const> arms, double seconds,
                                            uint32_t seed) {
  QF_CHECK(!arms.empty());
  std::vector<Visitor> visitors(arms.size());
  double round_seconds = 0;
  for (size_t i = 0; i < arms.size(); ++i) {
    visitors[i].arm = arms[i];
    QF_RETURN_IF_ERROR(visitors[i].Estimate());
    round_seconds += visitors[i].call_seconds;
  }
  const uint32_t rounds = round_seconds * kRounds > seconds ? kRoundsOfLongCalls : kRounds;
  const double share = seconds / rounds / static_cast<double>(arms.size());
  std::vector<size_t> order(arms.size());
  std::iota(order.begin(), order.end(), size_t{0});
  uint64_t drawn = 0;
  for (uint32_t round = 0; round < rounds; ++round) {
    for (size_t i = order.size(); i > 1; --i) {
      const auto bound = static_cast<uint32_t>(i);
      std::swap(order[i - 1], order[engine::RandomBelow(seed, kOrderStream, drawn++, bound)]);
    }
    for (const size_t i : order) QF_RETURN_IF_ERROR(visitors[i].Visit(share));
  }
  std::vector<ArmTimes> times;
  for (Visitor& visitor : visitors) times.push_back(std::move(visitor.times));
  return times;
}

}  // namespace quantfleet::bench
