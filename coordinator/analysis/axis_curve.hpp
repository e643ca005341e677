// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "coordinator/analysis/interval.hpp"

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// An arm at one value of an axis.
struct CurvePoint {
  double axis = 0;
  v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;  // faster, slower, same or ambiguous
  Interval log_ratio;
};

// Ratio of one arm along one axis, all else fixed; points by ascending axis value, each once.
struct AxisCurve {
  std::vector<CurvePoint> points;
  std::vector<double> missing;  // values without a ratio (not comparable, invalid)
  const v1::ComparisonRow* example = nullptr;
  std::string baseline_name;  // "fp32", "bf16 fused"
};

// Curves of all candidates of `rows` along the label `axis`, in order of first appearance; rows
// whose label is not a positive number are left out. Runs of one arm that were repeated become one
// point: the mean of the estimates, the hull of the intervals, and ambiguous unless their verdicts
// agree. The rows outlive the curves.
std::vector<AxisCurve> CurvesOf(const std::vector<const v1::ComparisonRow*>& rows,
                                const std::string& axis);

// "nf4 fused", "fp32" (kernel auto is not named).
std::string ArmName(const v1::ArmSpec& spec);

}  // namespace quantfleet::analysis
