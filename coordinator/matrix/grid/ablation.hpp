// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "coordinator/matrix/grid/grid.hpp"
#include "coordinator/matrix/matrix.hpp"

namespace quantfleet::matrix {

// A part of a product to be measured beside the arms of a block (kernel ablation_* of ArmSpec).
struct Ablation {
  Combination combination;  // layer, batch and format that it reads; its kernel is to be ignored
  std::string kernel;       // "ablation_read"
};

// The parts that explain the arms of a block, none unless the matrix asks to explain: for each
// shape of the block (layer and batch) ablation_launch and ablation_dense once, with the baseline's
// format, and ablation_read, ablation_unpack and ablation_decode for each format; fp32, which
// nothing is decoded to or from, is only read. In order of the arms; no two are the same arm.
// `arms`: of a block, the baseline first.
std::vector<Ablation> AblationsOf(const Matrix& matrix, const std::vector<Combination>& arms);
// `block` is one of `grid`, which is that of `matrix`, and has a baseline.
std::vector<Ablation> AblationsOf(const Matrix& matrix, const Grid& grid, const GridBlock& block);

// The arms of a block of `grid`, the baseline first.
std::vector<Combination> ArmsOf(const Grid& grid, const GridBlock& block);

}  // namespace quantfleet::matrix
