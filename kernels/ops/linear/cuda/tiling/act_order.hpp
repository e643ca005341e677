// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/status.hpp"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {

// gptq_int4_act_order for the kernels of gptq_int4, as exllama does it: the columns are put in the
// order of their groups when the weights are loaded, and the activations follow at run time, so
// that no scale is looked up by column. Source: q_matrix.cu of turboderp-org/exllamav2 da07fac.
struct ActOrderWeights {
  std::vector<std::byte> tiled;  // as gptq_int4; then the order
  uint64_t order = 0;            // where it begins: uint32 [k], the column that comes at each place
};

// kUnimplemented if the groups are not of 128 columns each. A stored group out of range counts as
// the last.
Result<ActOrderWeights> TileActOrder(uint64_t n, uint64_t k, std::span<const std::byte> packed);

}  // namespace quantfleet::linear::cuda
