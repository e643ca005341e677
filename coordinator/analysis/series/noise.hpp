// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace quantfleet::analysis {

// Of at least one value.
double MedianOf(std::vector<double> values);

// Standard deviation of one night about its level, in the values' unit: from the median of the
// absolute differences between neighbouring nights (1.4826 / sqrt 2 makes that the deviation of
// normal noise), so that neither a few steps nor a few wild nights move it. Where more than half of
// the neighbours are equal their mean takes the median's place. 0 only of fewer than two values or
// of equal ones.
double NightNoise(std::span<const double> values);

// The values with each drawn to within kWildNights * `noise` of the median of the nights around it
// (three on either side, where the series has them): one wild night moves no level, while three
// nights at a new level are their own median.
inline constexpr double kWildNights = 3;
std::vector<double> WithoutWildNights(std::span<const double> values, double noise);

}  // namespace quantfleet::analysis
