// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "coordinator/matrix/expansion.hpp"

namespace quantfleet::matrix {

// What ExpandMatrix must give, made the plain way: every combination is a map, each rule is looked
// at anew, all blocks are sorted in memory, shapes are filled by the names of their fields. Of
// `matrix` once on the target `target`, with ordinals from 0. Which ablations a block gets follows
// AblationsOf step by step, so agreement shows only that the combinations are right: what the parts
// must be says ExpansionTest.ExplainedBlocksMeasureThePartsOfTheirArms.
std::vector<v1::Block> ExpandPlainly(const Matrix& matrix, const std::string& target);

// The canonical JSON of `spec` as two JSON libraries make it.
std::string PlainCanonicalJson(const v1::ArmSpec& spec);

}  // namespace quantfleet::matrix
