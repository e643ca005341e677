// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "coordinator/analysis/axis_curve.hpp"

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// How far a search along an axis goes.
struct SearchPolicy {
  double resolution = 1;    // neighbours so close have nothing between them; whole, at least 1
  uint32_t max_points = 8;  // that are added to a curve
};

// Axis values to measure next; none when the search of a curve has ended.
struct SearchStep {
  std::vector<double> values;  // whole, ascending, between points of the curve
  v1::SearchOutcome outcome = v1::SEARCH_OUTCOME_UNSPECIFIED;
};

// Bisects towards every flip of the verdict (crossover.hpp), all of them in one step: between the
// two points that decide it, and once ambiguous points lie between those, from each of the two to
// the nearest of these; so the interval closes in on what no measurement decides. Ambiguous points
// at an end of the range count as a flip if the arm wins beside them. Values halve the distance in
// log2 of the axis and are multiples of the resolution where one lies between.
//
// `taken`: values that are not to be measured again, be it that they gave no ratio. `added`: points
// that the search has added to the curve so far.
SearchStep NextPoints(const AxisCurve& curve, const std::set<double>& taken, uint32_t added,
                      const SearchPolicy& policy);

}  // namespace quantfleet::analysis
