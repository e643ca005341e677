// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace quantfleet::bench {

// How the nights of a made-up series vary, all as natural logarithms of a time.
struct NightNoise {
  std::string name;
  double night = 0.01;         // standard deviation of a night about its level
  double sample = 0.005;       // of a sample about its night
  double correlation = 0;      // of neighbouring nights
  double disturbed_share = 0;  // of nights that vary five times as much
};

// One night: the logarithms of its samples' times, and what a benchmark keeps of them.
struct Night {
  std::vector<double> samples;
  double value = 0;  // their median
};

// `nights` nights of `noise` whose level rises by `step` from night `at` on (step 0: A/A).
std::vector<Night> SimulateNights(size_t nights, const NightNoise& noise, size_t at, double step,
                                  std::mt19937_64* random);

}  // namespace quantfleet::bench
