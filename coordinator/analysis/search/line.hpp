// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/analysis/search/next_points.hpp"

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// A value of the searched axis that is measured, or to be, on one device class, for the curves that
// asked for it, by their keys.
struct SearchPoint {
  std::string device_class;
  double value = 0;
  std::set<std::string> curves;
};

// What a search knows beside the measurements.
struct SearchSetting {
  std::string axis;
  SearchPolicy policy;
  // The key of a curve, from its labels without the axis.
  std::function<std::string(const google::protobuf::Map<std::string, std::string>&)> key;
  // False: the matrix leaves out the curve's arm at a value.
  std::function<bool(uint32_t value, const std::string& curve)> has;
};

// The crossover of a curve, with how its search stands.
struct SearchedCurve {
  std::string key;
  v1::Crossover crossover;
};

struct LineDecision {
  std::vector<SearchPoint> next;  // none: the line's search has ended
  std::vector<SearchedCurve> curves;
};

// Decides what to measure next on a line, the blocks of a matrix that differ in the searched axis
// only, when none of them is open any more. `measured` is their comparison, `added` what the search
// has added so far, be it that it failed.
LineDecision DecideLine(const v1::Comparison& measured, const std::vector<SearchPoint>& added,
                        const SearchSetting& setting);

}  // namespace quantfleet::analysis
