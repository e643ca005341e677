// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/matrix/matrix.hpp"

namespace quantfleet::matrix {

// One value of every axis. The values live as long as the matrix they come from.
using Combination = std::map<std::string, const AxisValue*>;

// The combinations that share the axes that are not compared, by number.
struct GridBlock {
  std::optional<uint64_t> baseline;  // nothing if it was excluded or never there
  std::vector<uint64_t> candidates;
};

// All combinations of a matrix, sorted into blocks.
struct Grid {
  std::vector<GridBlock> blocks;   // in order of their first combination
  std::vector<uint64_t> excluded;  // combinations by exclusion rule: the first that holds counts
  uint64_t arms = 0;               // of all blocks, the null arms included
};

// Sorts the combinations of `matrix`, of which there are at most max_arms. Reads only groups,
// exclusions and baseline.
Grid LayOut(const Matrix& matrix);

// The combination with a number of the grid; the last group runs fastest.
Combination CombinationAt(const Matrix& matrix, uint64_t number);

// `combination` with the compared axes at the baseline's values, be it on the grid or not.
Combination BaselineBeside(const Matrix& matrix, Combination combination);

// Upper bound of the work that the exclusion rules make: bytes of conditions to look at, over all
// combinations.
uint64_t ExclusionWork(const Matrix& matrix);

// Index of the first exclusion rule that holds for `combination`.
std::optional<size_t> FindExclusion(const Matrix& matrix, const Combination& combination);

}  // namespace quantfleet::matrix
