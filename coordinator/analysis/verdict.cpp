// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace quantfleet::analysis {
namespace {

// Most rounds that NextStep proposes: more are a night's work for one block.
constexpr size_t kMostRounds = 10'000;

std::string Percent(double log_effect) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", std::expm1(log_effect) * 100);
  return text;
}

bool Within(const Interval& log_ratio, double log_effect) {
  return log_ratio.low >= -log_effect && log_ratio.high <= log_effect;
}

Interval Scaled(const Interval& interval, double factor) {
  return {interval.estimate, interval.estimate + (interval.low - interval.estimate) * factor,
          interval.estimate + (interval.high - interval.estimate) * factor};
}

// Total rounds from which the verdict would be clear; 0 if no sensible number is enough.
size_t RoundsToDecide(const Interval& log_ratio, const std::optional<Interval>& null_log_ratio,
                      size_t rounds) {
  for (size_t total = rounds + 1; total <= kMostRounds; total += 1 + total / 50) {
    const double factor = std::sqrt(static_cast<double>(rounds) / static_cast<double>(total));
    const Interval arm = Scaled(log_ratio, factor);
    std::optional<Interval> null;
    if (null_log_ratio) null = Scaled(*null_log_ratio, factor);
    if (Decide(arm, MinimumDetectableLogEffect(null, arm)) != v1::VERDICT_AMBIGUOUS) return total;
  }
  return 0;
}

}  // namespace

double MinimumDetectableLogEffect(const std::optional<Interval>& null_log_ratio,
                                  const Interval& arm_log_ratio) {
  double effect = kLeastLogEffect;
  if (null_log_ratio) {
    effect = std::max({effect, std::abs(null_log_ratio->low), std::abs(null_log_ratio->high)});
  } else {
    effect = std::max({effect, arm_log_ratio.high - arm_log_ratio.estimate,
                       arm_log_ratio.estimate - arm_log_ratio.low});
  }
  return effect;
}

v1::Verdict Decide(const Interval& log_ratio, double least_log_effect) {
  if (log_ratio.high < -least_log_effect) return v1::VERDICT_FASTER;
  if (log_ratio.low > least_log_effect) return v1::VERDICT_SLOWER;
  const bool same =
      Within(log_ratio, least_log_effect) && least_log_effect <= kLargestSameLogEffect;
  return same ? v1::VERDICT_SAME : v1::VERDICT_AMBIGUOUS;
}

std::string NextStep(const Interval& log_ratio, const std::optional<Interval>& null_log_ratio,
                     size_t rounds) {
  const double effect = MinimumDetectableLogEffect(null_log_ratio, log_ratio);
  std::string text =
      Within(log_ratio, effect)
          ? "the minimum detectable effect of " + Percent(effect) + " is more than the " +
                Percent(kLargestSameLogEffect) + " that are called the same; "
          : "the interval reaches over the minimum detectable effect of " + Percent(effect) + "; ";
  const size_t total = RoundsToDecide(log_ratio, null_log_ratio, rounds);
  if (total == 0) {
    return text +
           "the effect is as large as that, so that more rounds will not decide: raise "
           "measure.max_seconds or quiet the machine";
  }
  return text + "needs about " + std::to_string(total - rounds) + " more rounds than the " +
         std::to_string(rounds) + " it has";
}

}  // namespace quantfleet::analysis
