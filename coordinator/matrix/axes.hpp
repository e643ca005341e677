// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/matrix/document.hpp"

namespace quantfleet::matrix {

// `fixed`, `axes` and `zip` of a document; null where absent.
struct AxisSections {
  const YamlNode* fixed = nullptr;
  const YamlNode* axes = nullptr;
  const YamlNode* zip = nullptr;
};

// Reads the axes of `workload` into groups, ordered by their first axis as AxisNames orders them.
// An absent kernel axis is `auto`. The product of all group sizes and `copies` is bounded by
// `max_arms` before any range is written out. Empty after a report.
std::vector<AxisGroup> ReadAxes(const std::string& workload, const AxisSections& sections,
                                uint64_t copies, uint64_t max_arms, Report* report);

}  // namespace quantfleet::matrix
