// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/grade.hpp"

#include <algorithm>
#include <string>

#include "kernels/engine/statistics.hpp"

namespace quantfleet::engine {
namespace {

constexpr uint32_t kFewSamples = 10;
constexpr uint32_t kTooFewSamples = 3;
constexpr double kClockSpread = 0.10;
constexpr double kHostBusy = 0.15;
constexpr double kHostOverloaded = 0.5;

using Reasons = std::vector<std::string>;

Reasons MajorReasons(const Evidence& evidence) {
  Reasons reasons;
  if (evidence.throttled) reasons.emplace_back("throttled");
  if (evidence.foreign_process) reasons.emplace_back("foreign_process");
  if (evidence.host_busy > kHostOverloaded) reasons.emplace_back("host_overloaded");
  return reasons;
}

Reasons MinorReasons(const ArmSpec& spec, const Evidence& evidence,
                     const Measurement& measurement) {
  Reasons reasons;
  if (evidence.fastest_clock - evidence.slowest_clock > kClockSpread) {
    reasons.emplace_back("clock_spread");
  }
  if (evidence.host_busy > kHostBusy && evidence.host_busy <= kHostOverloaded) {
    reasons.emplace_back("host_busy");
  }
  switch (measurement.stop_reason) {
    case StopReason::kTimeCap:
      reasons.emplace_back("time_cap");
      break;
    case StopReason::kRoundCap:
      reasons.emplace_back("round_cap");
      break;
    case StopReason::kNoiseStable:
      reasons.emplace_back("noise_stable");
      break;
    default:
      break;
  }
  if (spec.cache == "warm") reasons.emplace_back("warm_cache");
  if (measurement.summary->set_aside > 0) reasons.emplace_back("set_aside");
  std::vector<double> samples;
  for (const Round& round : measurement.rounds) {
    samples.insert(samples.end(), round.seconds.begin(), round.seconds.end());
  }
  if (LooksMultimodal(std::move(samples))) reasons.emplace_back("multimodal");
  return reasons;
}

}  // namespace

void GradeMeasurement(const ArmSpec& spec, const Evidence& evidence, Measurement* measurement) {
  const uint32_t samples = measurement->summary ? measurement->summary->samples : 0;
  if (samples == 0) {
    measurement->grade = Grade::kF;
    measurement->grade_reasons = {"no_samples"};
    return;
  }
  Reasons major = MajorReasons(evidence);
  Reasons minor = MinorReasons(spec, evidence, *measurement);
  if (samples < kFewSamples) (samples < kTooFewSamples ? major : minor).emplace_back("few_samples");
  measurement->grade = !major.empty()      ? Grade::kD
                       : minor.size() >= 2 ? Grade::kC
                       : minor.size() == 1 ? Grade::kB
                                           : Grade::kA;
  major.insert(major.end(), minor.begin(), minor.end());
  std::sort(major.begin(), major.end());
  measurement->grade_reasons = std::move(major);
}

}  // namespace quantfleet::engine
