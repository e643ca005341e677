// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "coordinator/analysis/axis_curve.hpp"

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// Where the verdict flips between faster and not faster (slower or same) along `axis`, for a curve
// of at least one point.
//
// Ambiguous points: between two decided points that differ they widen the one flip between them;
// before the first, after the last, or between two decided points that agree they could hide a
// flip, and the case is undecided. A missing point counts as ambiguous.
//
// A flip's estimate is where the log-ratio, joined by straight lines over log2 of the axis, first
// reaches zero on the way from the winning side to the other; its interval is where the two ends of
// the points' intervals do. What never reaches zero is set to the end of the range.
v1::Crossover FindCrossover(const AxisCurve& curve, const std::string& axis);

// One sentence for people: "nf4 fused on gpt2/mlp.c_fc is faster than fp32 up to batch 16 and
// slower from 32 on (break-even near batch 21, between 18 and 26)". `crossover` has all else set.
std::string CrossoverSentence(const AxisCurve& curve, const v1::Crossover& crossover);

}  // namespace quantfleet::analysis
