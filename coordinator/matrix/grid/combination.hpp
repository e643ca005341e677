// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.hpp"
#include "coordinator/matrix/matrix.hpp"

namespace quantfleet::matrix {

// One value of every axis, in the order of the axes' names. The values live as long as the matrix
// they come from. Flat, because a large matrix makes millions of them.
class Combination {
 public:
  struct Entry {
    const std::string* axis = nullptr;
    const AxisValue* value = nullptr;
  };

  // More than any workload has axes.
  static constexpr size_t kMaxAxes = 16;

  // Axes come in ascending order of their names.
  void Append(const std::string& axis, const AxisValue& value) {
    QF_CHECK(size_ < kMaxAxes);
    entries_[size_++] = {&axis, &value};
  }

  // The value of `axis`; null if the matrix lacks it.
  const AxisValue* Find(std::string_view axis) const {
    const auto* entry =
        std::find_if(begin(), end(), [&](const Entry& e) { return *e.axis == axis; });
    return entry == end() ? nullptr : entry->value;
  }
  bool contains(std::string_view axis) const { return Find(axis) != nullptr; }
  // The matrix has `axis`.
  const AxisValue& at(std::string_view axis) const {
    const AxisValue* const value = Find(axis);
    QF_CHECK(value != nullptr);
    return *value;
  }
  void Set(std::string_view axis, const AxisValue& value) {
    for (size_t i = 0; i < size_; ++i) {
      if (*entries_[i].axis == axis) entries_[i].value = &value;
    }
  }

  const Entry* begin() const { return entries_.data(); }
  const Entry* end() const { return entries_.data() + size_; }

 private:
  std::array<Entry, kMaxAxes> entries_{};
  size_t size_ = 0;
};

}  // namespace quantfleet::matrix
