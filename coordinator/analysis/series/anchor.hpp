// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace quantfleet::analysis {

// An anchor is what a session measures of the machine itself. It is out of band when it is further
// from the median of the last kAnchorNights anchors (its own night among them) than kAnchorBand of
// their noise (noise.hpp), and by more than kLeastAnchorShift. A machine that stays different for
// half of these nights is the new normal.
inline constexpr size_t kAnchorNights = 14;
inline constexpr double kAnchorBand = 4;
inline constexpr double kLeastAnchorShift = 0.03;  // of the logarithm: 3 %

// For each night whether its anchor is out of band. Anchors are positive and finite, oldest first;
// a night without one never is, nor is one of the first three that have one.
std::vector<bool> AnchorsOutOfBand(std::span<const std::optional<double>> anchors);

}  // namespace quantfleet::analysis
