// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/matrix/grid/combination.hpp"
#include "coordinator/matrix/grid/exclusion_table.hpp"
#include "coordinator/matrix/matrix.hpp"

namespace quantfleet::matrix {

// The combinations that share the axes that are not compared, by number.
struct GridBlock {
  std::optional<uint64_t> baseline;  // nothing if it was excluded or never there
  std::vector<uint64_t> candidates;  // ascending
};

// All combinations of a matrix, sorted into blocks. A block is found by its index without walking
// to it, and of each block only 8 bytes are kept. Reads only groups, exclusions and baseline.
class Grid {
 public:
  // `matrix` outlives the object and has at most max_arms combinations.
  explicit Grid(const Matrix& matrix);

  // Blocks, in order of their first combination.
  uint64_t size() const { return keys_.size(); }
  // `index` is less than size().
  GridBlock At(uint64_t index) const;
  // What all blocks have in common that differ from this one in the points of a group only, as a
  // key: equal for them and no others.
  uint64_t LineKey(uint64_t index, size_t group) const;
  // Combinations by exclusion rule: the first that holds counts.
  const std::vector<uint64_t>& excluded() const { return excluded_; }
  // Of all blocks, the null arms included.
  uint64_t arms() const { return combinations_ + baselines_; }
  // Blocks that have their baseline.
  uint64_t baselines() const { return baselines_; }

  // The combination with a number of the grid; the last group runs fastest.
  Combination CombinationAt(uint64_t number) const;
  // `combination` with the compared axes at the baseline's values, be it on the grid or not.
  Combination BaselineBeside(Combination combination) const;

 private:
  // Where an axis stands in the matrix.
  struct Column {
    size_t group;
    size_t axis;
  };
  // The points of a group, those together that differ in compared axes only.
  struct Fold {
    std::vector<uint32_t> kind_of_point;
    std::vector<std::vector<uint32_t>> points_of_kind;  // each ascending
    std::vector<bool> is_baseline;                      // of a point, in the axes of its group
  };
  using Points = std::vector<uint32_t>;  // one index a group

  static Fold FoldOf(const Matrix& matrix, const AxisGroup& group);
  bool IsBaseline(const Points& points) const;
  uint64_t NumberOf(const Points& points) const;
  // The next combination; false after the last.
  bool Advance(Points* points) const;
  void Sort();

  const Matrix& matrix_;
  std::vector<Column> columns_;  // in order of the axes' names
  std::vector<Fold> folds_;      // one a group
  ExclusionTable exclusions_;
  std::vector<uint64_t> keys_;  // of each block: the kinds of its groups, as digits
  std::vector<uint64_t> excluded_;
  uint64_t combinations_ = 0;  // of all blocks
  uint64_t baselines_ = 0;
};

// The product of the sizes of all groups.
uint64_t CountCombinations(const Matrix& matrix);

}  // namespace quantfleet::matrix
