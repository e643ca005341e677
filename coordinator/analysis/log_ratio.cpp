// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/log_ratio.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

namespace quantfleet::analysis {
namespace {

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// Logarithm of the median of every round that has samples, by number.
Result<std::map<uint32_t, double>> LogMedians(const v1::Measurement& measurement) {
  std::map<uint32_t, double> medians;
  for (const v1::Round& round : measurement.rounds()) {
    const std::string where = "arm " + std::to_string(measurement.arm_index()) + ", round " +
                              std::to_string(round.number());
    for (const double seconds : round.seconds()) {
      if (!std::isfinite(seconds) || seconds <= 0) {
        return InvalidArgument(where + ": a sample is not a positive finite number of seconds");
      }
    }
    if (round.seconds().empty()) continue;
    const double median = Median({round.seconds().begin(), round.seconds().end()});
    if (!medians.emplace(round.number(), std::log(median)).second) {
      return InvalidArgument(where + ": the round is there twice");
    }
  }
  return medians;
}

}  // namespace

Result<std::vector<double>> PairedLogRatios(const v1::Measurement& baseline,
                                            const v1::Measurement& arm) {
  QF_ASSIGN_OR_RETURN(const auto baseline_medians, LogMedians(baseline));
  QF_ASSIGN_OR_RETURN(const auto arm_medians, LogMedians(arm));
  std::vector<double> log_ratios;
  for (const auto& [number, log_median] : arm_medians) {
    const auto paired = baseline_medians.find(number);
    if (paired != baseline_medians.end()) log_ratios.push_back(log_median - paired->second);
  }
  return log_ratios;
}

}  // namespace quantfleet::analysis
