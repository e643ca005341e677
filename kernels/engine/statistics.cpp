// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "kernels/engine/random.hpp"

namespace quantfleet::engine {
namespace {

constexpr uint32_t kMostExact = 500;

// Quantile of ordered samples between neighbours (Hyndman and Fan's type 7).
double Quantile(const std::vector<double>& ordered, double fraction) {
  const double at = fraction * static_cast<double>(ordered.size() - 1);
  const auto below = static_cast<size_t>(at);
  if (below + 1 >= ordered.size()) return ordered.back();
  return ordered[below] + (at - static_cast<double>(below)) * (ordered[below + 1] - ordered[below]);
}

// Largest rank whose lower tail of Binomial(count, 1/2) is at most `tail`; -1 if there is none.
int64_t LowRank(uint32_t count, double tail) {
  if (count > kMostExact) {
    const double n = count;
    const double z = -NormalQuantile(tail);
    return std::max<int64_t>(0, static_cast<int64_t>(std::floor((n - z * std::sqrt(n)) / 2)) - 1);
  }
  double probability = std::pow(0.5, count);
  double cumulated = 0;
  int64_t rank = -1;
  for (uint32_t i = 0; i <= count / 2; ++i) {
    cumulated += probability;
    if (cumulated > tail) break;
    rank = i;
    probability *= static_cast<double>(count - i) / static_cast<double>(i + 1);
  }
  return rank;
}

constexpr size_t kBins = 32;
using Histogram = std::array<double, kBins>;

Histogram Smoothed(const Histogram& raw) {
  Histogram smooth = {};
  for (size_t i = 0; i < kBins; ++i) {
    const double left = i > 0 ? raw[i - 1] : 0;
    const double right = i + 1 < kBins ? raw[i + 1] : 0;
    smooth[i] = (left + 2 * raw[i] + right) / 4;
  }
  return smooth;
}

// True if a valley splits the histogram into two heaps of at least `least` samples.
bool HasValley(const Histogram& raw, double least, size_t least_distance) {
  const Histogram smooth = Smoothed(raw);
  double left = 0;
  for (size_t cut = 1; cut + 1 < kBins; ++cut) {
    left += raw[cut - 1];
    double right = 0;
    for (size_t i = cut; i < kBins; ++i) right += raw[i];
    if (left < least || right < least) continue;
    const auto split = smooth.begin() + static_cast<int64_t>(cut);
    const auto left_peak = std::max_element(smooth.begin(), split);
    const auto right_peak = std::max_element(split, smooth.end());
    if (static_cast<size_t>(right_peak - left_peak) < least_distance) continue;
    const double valley = *std::min_element(left_peak, right_peak);
    if (valley < 0.5 * std::min(*left_peak, *right_peak)) return true;
  }
  return false;
}

}  // namespace

std::pair<uint32_t, uint32_t> MedianRanks(uint32_t count, double confidence) {
  const int64_t rank = LowRank(count, (1 - confidence) / 2);
  if (rank < 0) return {0, count - 1};
  const auto low = static_cast<uint32_t>(rank);
  return {low, count - 1 - low};
}

double Median(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return Quantile(samples, 0.5);
}

Summary Summarize(std::vector<double> samples, double confidence) {
  Summary summary;
  if (samples.empty()) return summary;
  std::sort(samples.begin(), samples.end());
  summary.samples = static_cast<uint32_t>(samples.size());
  const auto [low, high] = MedianRanks(summary.samples, confidence);
  summary.median_seconds = Quantile(samples, 0.5);
  summary.median_low_seconds = samples[low];
  summary.median_high_seconds = samples[high];
  summary.first_quartile_seconds = Quantile(samples, 0.25);
  summary.third_quartile_seconds = Quantile(samples, 0.75);
  summary.min_seconds = samples.front();
  summary.max_seconds = samples.back();
  for (double& sample : samples) sample = std::abs(sample - summary.median_seconds);
  summary.median_absolute_deviation_seconds = Median(std::move(samples));
  return summary;
}

double RelativeInterval(const Summary& summary) {
  if (summary.samples == 0 || summary.median_seconds <= 0) {
    return std::numeric_limits<double>::infinity();
  }
  return (summary.median_high_seconds - summary.median_low_seconds) / 2 / summary.median_seconds;
}

bool LooksMultimodal(std::vector<double> samples) {
  constexpr size_t kLeastSamples = 60;
  constexpr double kLeastDistance = 0.05;
  constexpr double kLeastShare = 0.15;
  if (samples.size() < kLeastSamples) return false;
  std::sort(samples.begin(), samples.end());
  const double begin = Quantile(samples, 0.02);
  const double end = Quantile(samples, 0.98);
  const double distance = kLeastDistance * Quantile(samples, 0.5);
  if (end - begin < distance) return false;
  const double width = (end - begin) / kBins;
  Histogram raw = {};
  for (const double sample : samples) {
    const double bin = std::clamp((sample - begin) / width, 0.0, double{kBins - 1});
    raw[static_cast<size_t>(bin)] += 1;
  }
  return HasValley(raw, kLeastShare * static_cast<double>(samples.size()),
                   static_cast<size_t>(std::ceil(distance / width)));
}

}  // namespace quantfleet::engine
