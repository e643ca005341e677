// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/matrix/document.hpp"

namespace quantfleet::matrix {

// Values from `first` on, `count` of them, each `step` more than the one before.
struct Progression {
  uint64_t first = 0;
  uint64_t step = 0;
  uint64_t count = 0;
};

// One axis as written: its values, or a range that is not written out yet.
struct DraftAxis {
  std::string name;
  std::vector<AxisValue> values;
  std::vector<Place> places;  // of `values` that stand in the file one by one
  std::optional<Progression> range;

  uint64_t size() const { return range ? range->count : values.size(); }
  // `index` is less than size().
  AxisValue At(size_t index) const;
};

// Reads the value of `axis`, one of AxisNames(workload): one value, a list, and for numbers
// {doubling: [first, last]} or {range: [first, last, step]}. Nothing after a report. The values of
// a range may lie beyond the axis's bounds only if that is reported.
std::optional<DraftAxis> ReadAxis(const std::string& workload, const std::string& axis,
                                  const YamlNode& node, Report* report);

// Reads one value of `axis`.
std::optional<AxisValue> ReadAxisValue(const std::string& workload, const std::string& axis,
                                       const YamlNode& node, Report* report);

}  // namespace quantfleet::matrix
