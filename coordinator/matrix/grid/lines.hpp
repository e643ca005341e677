// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "coordinator/matrix/matrix.hpp"

#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::matrix {

// The blocks of one copy of a searched matrix, sorted into lines: those that differ in the searched
// axis only. Makes further blocks of a line, between the values that the file gives. Immutable.
class SearchLines {
 public:
  // `matrix` has a search.
  explicit SearchLines(std::shared_ptr<const Matrix> matrix);
  ~SearchLines();

  size_t size() const;
  // The line of a block by its number within one run of a copy; less than blocks_per_copy.
  size_t LineOf(uint64_t index) const;

  // The block of a line at `value` of the axis, with those candidates whose CurveKey is among
  // `curves`, for one of the repeats; without target and ordinal. No arm if the file excludes all
  // of them there, or the baseline.
  v1::Block At(size_t line, uint32_t value, const std::set<std::string>& curves,
               uint32_t repeat) const;

 private:
  struct Layout;
  const std::unique_ptr<const Layout> layout_;
};

// What an arm with `labels` is along `axis`: the other labels as text.
std::string CurveKey(const google::protobuf::Map<std::string, std::string>& labels,
                     const std::string& axis);

}  // namespace quantfleet::matrix
