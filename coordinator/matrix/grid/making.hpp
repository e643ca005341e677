// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/matrix/grid/combination.hpp"
#include "coordinator/matrix/matrix.hpp"

#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::matrix {

// The block of `arms`, the baseline first, with its null and, if the matrix asks to explain, its
// ablation arms; the repeat decides the order in which arms are visited. Without ids, target and
// ordinal.
v1::Block MakeBlock(const Matrix& matrix, const std::vector<Combination>& arms, uint32_t repeat);

}  // namespace quantfleet::matrix
