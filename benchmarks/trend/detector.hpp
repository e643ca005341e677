// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/trend/night_simulation.hpp"

namespace quantfleet::bench {

// A method that is shown a series night by night and raises alarms.
class Detector {
 public:
  virtual ~Detector() = default;
  // Shows it the next night. Places of the nights that it says changed the level, as far as it says
  // so tonight.
  virtual std::vector<size_t> Show(const Night& night) = 0;
};

struct Method {
  std::string name;
  std::unique_ptr<Detector> (*make)(double minimum_detectable_effect);
};

// Ours, through the code of `quantfleet trend --file` with values alone; the same with the
// minimum_detectable_effect; and the rules of others, as their projects state them:
//   a night more than 7 % from the night before (TorchBench's threshold)
//   Mann-Whitney between the samples of two neighbouring nights, p < 0.002 (asv compare)
//   two nights in a row whose speed is below 0.95 of the median of the four nights before (the
//   policy of PyTorch's benchmark dashboards)
const std::vector<Method>& Methods();

// Two-sided p-value of Mann and Whitney's test, by its normal approximation with the correction for
// continuity; values without ties.
double MannWhitneyPValue(const std::vector<double>& one, const std::vector<double>& other);

// What a method did with many series. An alarm within kNear nights of a former one is the same.
inline constexpr size_t kNear = 3;
struct Record {
  double false_alarms_per_1000_nights = 0;  // on series without a step
  double recall = 0;                        // share of steps found within kNear nights
  double delay_nights = 0;  // nights from a step to its alarm, median of those found
};
// `series` series of `nights` nights without a step, and `steps` of 60 nights with one of `step`
// on a night between the 15th and the 46th, so that it has a fortnight on either side.
Record Try(const Method& method, const NightNoise& noise, double minimum_detectable_effect,
           double step, int series, size_t nights, int steps);

}  // namespace quantfleet::bench
