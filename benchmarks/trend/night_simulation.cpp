// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/trend/night_simulation.hpp"

#include <cmath>

#include "coordinator/analysis/series/noise.hpp"

namespace quantfleet::bench {

std::vector<Night> SimulateNights(size_t nights, const NightNoise& noise, size_t at, double step,
                                  std::mt19937_64* random) {
  constexpr int kSamples = 10;
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  std::vector<Night> series(nights);
  double about = normal(*random);
  for (size_t i = 0; i < nights; ++i) {
    about = noise.correlation * about +
            std::sqrt(1 - noise.correlation * noise.correlation) * normal(*random);
    const double scale = uniform(*random) < noise.disturbed_share ? 5 : 1;
    const double level = (i >= at ? step : 0) + scale * noise.night * about;
    for (int sample = 0; sample < kSamples; ++sample) {
      series[i].samples.push_back(level + noise.sample * normal(*random));
    }
    series[i].value = analysis::MedianOf(series[i].samples);
  }
  return series;
}

}  // namespace quantfleet::bench
