// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace quantfleet::analysis {

// First places of the segments of `values` that make the sum of squared distances from the
// segments' means, plus `penalty` for each segment, least; every segment has at least `least`
// values (at least 1), unless there are fewer in all. The first is always 0. Exact, by dynamic
// programming (Jackson et al., An algorithm for optimal partitioning of data on an interval, 2005):
// unlike a search that halves, it is not blind to a step up that a step down follows. Time and
// memory grow with the square and with the number of values.
std::vector<size_t> BestSegments(std::span<const double> values, double penalty, size_t least);

}  // namespace quantfleet::analysis
