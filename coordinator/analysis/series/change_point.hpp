// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace quantfleet::analysis {

// A night from which on a series keeps another level. Values in the series' unit.
struct ChangePoint {
  size_t index = 0;   // of the first night of the new level
  double before = 0;  // mean of the level that ends, wild nights drawn in
  double after = 0;   // mean of the level that starts
  double low = 0;     // ends of the 95 % interval of after - before
  double high = 0;
  double p_value = 0;  // of Student's test between the two levels, not corrected for the search
};

// Nights that a level must have to be one: fewer are wild nights.
inline constexpr size_t kLeastNights = 3;
// Weak threshold: a candidate must lower the sum of squares by this many variances of one night.
inline constexpr double kWeakPenalty = 12;
// Strong threshold: p-value that a candidate must stay below. Both were found by simulation, so
// that a series judged anew every night raises fewer than one false alarm in 1,000 nights
// (docs/measurements/trend.md has the table; change_point_test.cpp repeats it).
inline constexpr double kStrongPValue = 2e-5;

// Change points of a series, one value a night, oldest first, in order of their index; values must
// be finite. Two thresholds, as Hunter has them (Fleming et al., Hunter: Using Change Point
// Detection to Hunt for Performance Regressions, 2023, after Matteson and James, A Nonparametric
// Approach for Multiple Change Point Analysis of Multivariate Data, 2014): a weak one finds
// candidates, of which the least certain is taken away again and again, so that its neighbours are
// judged by all their nights, until each that is left passes the strong one and moves the level by
// at least `least_effect` (the series' minimum detectable effect, in its unit; 0: none). The
// candidates are the best segmentation of all nights (segmentation.hpp) instead of Hunter's
// windows; the variance is that of the nights of all levels, so that three nights can be enough;
// and it is raised where neighbouring nights are alike, since the mean of such nights varies more.
std::vector<ChangePoint> FindChangePoints(std::span<const double> values, double least_effect);

}  // namespace quantfleet::analysis
