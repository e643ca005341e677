// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coordinator/matrix/grid/combination.hpp"
#include "coordinator/matrix/matrix.hpp"

namespace quantfleet::matrix {

// The exclusion rules of a matrix, each condition looked at once for each point of its group, so
// that a combination costs a few ANDs.
class ExclusionTable {
 public:
  explicit ExclusionTable(const Matrix& matrix);

  // Index of the first rule that holds where each group stands at its point of `points`.
  std::optional<size_t> Find(const std::vector<uint32_t>& points) const;

 private:
  using Rules = std::vector<uint64_t>;  // one bit a rule
  struct Group {
    std::vector<uint32_t> signature_of_point;
    std::vector<Rules> signatures;  // rules whose conditions on this group all hold
  };

  std::vector<Group> groups_;  // one a group of the matrix; without points if no rule looks at it
  size_t words_ = 0;           // of a Rules
};

// Upper bound of the work of a table and of looking up every combination in it, in bytes looked at.
uint64_t ExclusionWork(const Matrix& matrix);

// Index of the first exclusion rule that holds for `combination`, be it on the grid or not.
std::optional<size_t> FindExclusion(const Matrix& matrix, const Combination& combination);

}  // namespace quantfleet::matrix
