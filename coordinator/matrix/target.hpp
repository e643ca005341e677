// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "coordinator/matrix/document.hpp"

namespace quantfleet::matrix {

// Reads `targets`. What is wrong goes to `report`.
std::vector<Target> ReadTargets(const YamlNode& node, Report* report);

}  // namespace quantfleet::matrix
