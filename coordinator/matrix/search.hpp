// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "coordinator/matrix/document.hpp"

namespace quantfleet::matrix {

// Reads `search` of a matrix of `workload`: nothing, or one search. What is wrong goes to `report`.
std::optional<Search> ReadSearch(const YamlNode& node, const std::string& workload, Report* report);

// Reports at `place` what keeps the matrix from being searched: an axis that it lacks, compares,
// zips with others or gives one value only, and more blocks than a search can watch.
void CheckSearch(const Matrix& matrix, Place place, Report* report);

}  // namespace quantfleet::matrix
