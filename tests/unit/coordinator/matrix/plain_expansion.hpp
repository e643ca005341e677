// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "coordinator/matrix/expansion.hpp"

namespace quantfleet::matrix {

// What ExpandMatrix must give, made the plain way: every combination is a map, each rule is looked
// at anew, and all blocks are sorted in memory. Of `matrix` once on the target `target`, with
// ordinals from 0.
std::vector<v1::Block> ExpandPlainly(const Matrix& matrix, const std::string& target);

// The canonical JSON of `spec` as two JSON libraries make it.
std::string PlainCanonicalJson(const v1::ArmSpec& spec);

}  // namespace quantfleet::matrix
