// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "coordinator/matrix/document.hpp"

namespace quantfleet::matrix {

// What `measure` says when it says nothing: 1 % at 0.95, 0.1 to 20 s and 10 samples an arm, 5 to
// 200 rounds.
v1::MeasurePolicy DefaultPolicy();

// Reads `measure` over the defaults. A default gives way where it contradicts the file
// (max_seconds: 0.05 lowers min_seconds); two values of the file that contradict each other are
// reported.
v1::MeasurePolicy ReadPolicy(const YamlNode& node, std::string* cache, Report* report);

}  // namespace quantfleet::matrix
