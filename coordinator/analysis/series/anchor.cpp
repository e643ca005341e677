// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/anchor.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/analysis/series/noise.hpp"

namespace quantfleet::analysis {

std::vector<bool> AnchorsOutOfBand(std::span<const std::optional<double>> anchors) {
  constexpr size_t kFirst = 3;
  std::vector<bool> out(anchors.size(), false);
  std::vector<double> known;  // logarithms, oldest first
  for (size_t i = 0; i < anchors.size(); ++i) {
    if (!anchors[i]) continue;
    known.push_back(std::log(*anchors[i]));
    if (known.size() <= kFirst) continue;
    const size_t first = known.size() - std::min(known.size(), kAnchorNights);
    const std::span<const double> recent = std::span(known).subspan(first);
    const double band = std::max(kLeastAnchorShift, kAnchorBand * NightNoise(recent));
    out[i] = std::abs(known.back() - MedianOf({recent.begin(), recent.end()})) > band;
  }
  return out;
}

}  // namespace quantfleet::analysis
