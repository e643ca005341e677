// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/stopping.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/engine/statistics.hpp"

namespace quantfleet::engine {
namespace {

constexpr size_t kStableRounds = 8;
constexpr double kStableSpread = 0.10;

}  // namespace

bool StopRule::NoiseIsStable() const {
  if (noise_.size() < kStableRounds) return false;
  const auto begin = noise_.end() - static_cast<int64_t>(kStableRounds);
  const auto [low, high] = std::minmax_element(begin, noise_.end());
  return *high - *low <= kStableSpread * *high;
}

StopReason StopRule::Judge(const std::vector<double>& samples, double seconds) {
  ++rounds_;
  const Summary summary = Summarize(samples, policy_.confidence);
  const double median = summary.median_seconds;
  noise_.push_back(median > 0 ? summary.median_absolute_deviation_seconds / median : 0);
  const bool enough = rounds_ >= policy_.min_rounds && samples.size() >= policy_.min_samples;
  if (enough && seconds >= policy_.min_seconds) {
    const double interval = RelativeInterval(summary);
    if (interval <= policy_.relative_interval) return StopReason::kIntervalReached;
    const double growth = std::pow(interval / policy_.relative_interval, 2);
    if (NoiseIsStable() && seconds * growth > policy_.max_seconds) return StopReason::kNoiseStable;
  }
  if (enough && seconds >= policy_.max_seconds) return StopReason::kTimeCap;
  if (policy_.max_rounds > 0 && rounds_ >= policy_.max_rounds) return StopReason::kRoundCap;
  return StopReason::kUnspecified;
}

uint32_t SamplesPerVisit(const MeasurePolicy& policy, double call_seconds) {
  // More in one visit would not be interleaved with anything.
  constexpr double kMostVisitSeconds = 0.05;
  constexpr double kMostSamples = 10000;
  const double rounds = std::max<double>(1, policy.min_rounds);
  const double visit = std::min(policy.min_seconds / rounds, kMostVisitSeconds);
  const double by_time = call_seconds > 0 ? visit / call_seconds : kMostSamples;
  const double by_count = policy.min_samples / rounds;
  return static_cast<uint32_t>(
      std::clamp(std::ceil(std::max(by_time, by_count)), 1.0, kMostSamples));
}

}  // namespace quantfleet::engine
