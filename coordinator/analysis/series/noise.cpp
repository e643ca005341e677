// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/noise.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace quantfleet::analysis {
namespace {

constexpr size_t kNightsAround = 3;
// Of normal noise: deviation over the median, and over the mean, of the absolute value.
constexpr double kOverMedian = 1.482602;
constexpr double kOverMean = 1.253314;

}  // namespace

double MedianOf(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

double NightNoise(std::span<const double> values) {
  if (values.size() < 2) return 0;
  std::vector<double> differences;
  for (size_t i = 1; i < values.size(); ++i) {
    differences.push_back(std::abs(values[i] - values[i - 1]) / std::sqrt(2.0));
  }
  const double median = MedianOf(differences);
  if (median > 0) return kOverMedian * median;
  const double sum = std::accumulate(differences.begin(), differences.end(), 0.0);
  return kOverMean * sum / static_cast<double>(differences.size());
}

std::vector<double> WithoutWildNights(std::span<const double> values, double noise) {
  std::vector<double> tamed;
  tamed.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t first = i < kNightsAround ? 0 : i - kNightsAround;
    const size_t last = std::min(values.size() - 1, i + kNightsAround);
    const double level = MedianOf({values.begin() + static_cast<std::ptrdiff_t>(first),
                                   values.begin() + static_cast<std::ptrdiff_t>(last) + 1});
    tamed.push_back(
        std::clamp(values[i], level - kWildNights * noise, level + kWildNights * noise));
  }
  return tamed;
}

}  // namespace quantfleet::analysis
