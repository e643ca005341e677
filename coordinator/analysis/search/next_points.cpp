// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/search/next_points.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

namespace quantfleet::analysis {
namespace {

constexpr int kMostTries = 64;

// One letter a point: W wins, L does not, U undecided.
std::string SidesOf(const AxisCurve& curve) {
  std::string sides;
  for (const CurvePoint& point : curve.points) {
    if (point.verdict == v1::VERDICT_AMBIGUOUS) {
      sides += 'U';
    } else {
      sides += point.verdict == v1::VERDICT_FASTER ? 'W' : 'L';
    }
  }
  return sides;
}

// Two neighbours with a flip somewhere between.
struct Gap {
  size_t left = 0;
  bool decided = false;  // on both sides
  double octaves = 0;    // log2 of the ratio of their values
};

// The gaps on both sides of the undecided points in (from, to), or the one between the two.
void AddFlip(size_t from, size_t to, std::vector<Gap>* gaps) {
  gaps->push_back({from, to == from + 1, 0});
  if (to > from + 1) gaps->push_back({to - 1, false, 0});
}

std::vector<Gap> GapsOf(const AxisCurve& curve) {
  const std::string sides = SidesOf(curve);
  std::vector<Gap> gaps;
  size_t before = std::string::npos;  // the last decided point
  for (size_t i = 0; i < sides.size(); ++i) {
    if (sides[i] == 'U') continue;
    if (before != std::string::npos && sides[before] != sides[i]) AddFlip(before, i, &gaps);
    if (before == std::string::npos && i > 0 && sides[i] == 'W') gaps.push_back({i - 1, false, 0});
    before = i;
  }
  const bool ends_open = before != std::string::npos && before + 1 < sides.size();
  if (ends_open && sides[before] == 'W') gaps.push_back({before, false, 0});
  for (Gap& gap : gaps) {
    gap.octaves = std::log2(curve.points[gap.left + 1].axis / curve.points[gap.left].axis);
  }
  std::stable_sort(gaps.begin(), gaps.end(), [](const Gap& a, const Gap& b) {
    return a.decided != b.decided ? a.decided : a.octaves > b.octaves;
  });
  return gaps;
}

// The value nearest to the middle that is free.
std::optional<double> ValueBetween(double low, double high, const std::set<double>& taken,
                                   double resolution) {
  if (high - low <= resolution) return std::nullopt;
  const double middle = std::sqrt(low * high);
  const double nearest = std::round(middle / resolution) * resolution;
  // No multiple of the resolution need lie between.
  const bool on_grid = nearest > low && nearest < high;
  const double start = on_grid ? nearest : std::round(middle);
  for (int i = 0; i < kMostTries; ++i) {
    const double steps = i % 2 == 1 ? (i + 1) / 2 : -(i / 2);
    const double value = start + steps * (on_grid ? resolution : 1);
    if (value > low && value < high && !taken.contains(value)) return value;
  }
  return std::nullopt;
}

}  // namespace

SearchStep NextPoints(const AxisCurve& curve, const std::set<double>& taken, uint32_t added,
                      const SearchPolicy& policy) {
  SearchStep step;
  std::set<double> values;
  bool more = false;  // that the points do not last for
  for (const Gap& gap : GapsOf(curve)) {
    const auto value = ValueBetween(curve.points[gap.left].axis, curve.points[gap.left + 1].axis,
                                    taken, policy.resolution);
    if (!value) continue;
    if (added + values.size() < policy.max_points) {
      values.insert(*value);
    } else {
      more = true;
    }
  }
  step.values.assign(values.begin(), values.end());
  if (!values.empty()) {
    step.outcome = v1::SEARCH_OUTCOME_RUNNING;
  } else {
    step.outcome = more ? v1::SEARCH_OUTCOME_POINTS_SPENT : v1::SEARCH_OUTCOME_RESOLVED;
  }
  return step;
}

}  // namespace quantfleet::analysis
