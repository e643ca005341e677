// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/change_point.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <boost/math/distributions/students_t.hpp>

#include "base/status.hpp"
#include "coordinator/analysis/series/noise.hpp"
#include "coordinator/analysis/series/segmentation.hpp"

namespace quantfleet::analysis {
namespace {

// Of neighbouring nights: above it there are no levels to speak of.
constexpr double kMostCorrelation = 0.8;

struct Level {
  size_t start = 0;
  double nights = 0;
  double mean = 0;
};

std::vector<Level> LevelsOf(std::span<const double> values, const std::vector<size_t>& starts) {
  std::vector<Level> levels;
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t end = i + 1 < starts.size() ? starts[i + 1] : values.size();
    const auto nights = static_cast<double>(end - starts[i]);
    const auto segment = values.subspan(starts[i], end - starts[i]);
    levels.push_back(
        {starts[i], nights, std::accumulate(segment.begin(), segment.end(), 0.0) / nights});
  }
  return levels;
}

// Variance of one night about its level over all levels, times (1 + r) / (1 - r) where neighbouring
// nights correlate by r > 0: the variance of the mean of many such nights is that of so much wider
// independent ones (Bartlett, On the Theoretical Specification and Sampling Properties of
// Autocorrelated Time-Series, 1946).
double VarianceOf(std::span<const double> values, const std::vector<Level>& levels) {
  double squares = 0;
  double products = 0;  // of neighbours at the same level
  double former = 0;
  size_t level = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const bool next = level + 1 < levels.size() && i == levels[level + 1].start;
    if (next) ++level;
    const double rest = values[i] - levels[level].mean;
    squares += rest * rest;
    if (i > 0 && !next) products += rest * former;
    former = rest;
  }
  if (squares == 0) return 0;
  const auto nights = static_cast<double>(values.size());
  const auto count = static_cast<double>(levels.size());
  // The means taken off make neighbours look less alike by one night a level; half the standard
  // error of r is let pass, or short series would pay for noise in r.
  const double seen = products / squares + count / nights - 0.5 / std::sqrt(nights);
  const double correlation = std::clamp(seen, 0.0, kMostCorrelation);
  return squares / (nights - count) * (1 + correlation) / (1 - correlation);
}

// The change between two neighbouring levels. `freedom`: degrees of freedom of `variance`.
ChangePoint Between(const Level& before, const Level& after, double variance, double freedom) {
  ChangePoint change{after.start, before.mean, after.mean};
  const double step = after.mean - before.mean;
  const double error = std::sqrt(variance * (1 / before.nights + 1 / after.nights));
  const boost::math::students_t_distribution<double> student(freedom);
  const double reach = boost::math::quantile(student, 0.975) * error;
  change.low = step - reach;
  change.high = step + reach;
  if (step == 0) {
    change.p_value = 1;
  } else if (error > 0) {
    change.p_value = 2 * boost::math::cdf(boost::math::complement(student, std::abs(step) / error));
  }
  return change;
}

std::vector<ChangePoint> Judge(std::span<const double> values, const std::vector<size_t>& starts) {
  const std::vector<Level> levels = LevelsOf(values, starts);
  const double variance = VarianceOf(values, levels);
  const auto freedom = static_cast<double>(values.size() - levels.size());
  std::vector<ChangePoint> changes;
  for (size_t i = 1; i < levels.size(); ++i) {
    changes.push_back(Between(levels[i - 1], levels[i], variance, freedom));
  }
  return changes;
}

}  // namespace

std::vector<ChangePoint> FindChangePoints(std::span<const double> values, double least_effect) {
  const double noise = NightNoise(values);
  if (values.size() < 2 * kLeastNights || noise == 0) return {};
  const std::vector<double> tamed = WithoutWildNights(values, noise);
  std::vector<size_t> starts = BestSegments(tamed, kWeakPenalty * noise * noise, kLeastNights);
  while (starts.size() > 1) {
    std::vector<ChangePoint> changes = Judge(tamed, starts);
    // A step that is too small is taken away before one that is too uncertain.
    const auto weakness = [least_effect](const ChangePoint& change) {
      const bool small = std::abs(change.after - change.before) < least_effect;
      return small ? 1 + change.p_value : change.p_value;
    };
    const auto weakest = std::max_element(
        changes.begin(), changes.end(),
        [&](const ChangePoint& a, const ChangePoint& b) { return weakness(a) < weakness(b); });
    if (weakness(*weakest) < kStrongPValue) return changes;
    starts.erase(starts.begin() + 1 + (weakest - changes.begin()));
  }
  return {};
}

}  // namespace quantfleet::analysis
