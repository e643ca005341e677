// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace quantfleet::bench {

// A ratio of times, ours over the peer's, with its 95 % interval. Below 1 ours is faster.
struct PairedRatio {
  double ratio = 0;
  double low = 0;
  double high = 0;
};

// Median of `ours` over median of `peer`. Entry i of both was measured in round i, and rounds are
// drawn as pairs, so that what slowed both down in a round cancels: the percentile bootstrap (Efron
// and Tibshirani, An Introduction to the Bootstrap, 13.3) of 2000 draws. Spans are of equal size,
// not empty, and hold times above 0. The same seed gives the same interval.
PairedRatio RatioOfMedians(std::span<const double> ours, std::span<const double> peer,
                           uint32_t seed);

}  // namespace quantfleet::bench
