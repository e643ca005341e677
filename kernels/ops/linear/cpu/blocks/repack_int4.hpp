// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/ops/linear/cpu/blocks/repack.hpp"

namespace quantfleet::linear::cpu::blocks {

// As Repack, from the words of AWQ and GPTQ checkpoints (kernels/formats/int4). With act-order the
// columns of a group come together: column i of the tiles is column ColumnsByGroup()[i] of the
// weights, and that list, uint32 [k], follows the tiles.
std::vector<std::byte> RepackInt4(const BlockFormatInfo& format, uint32_t rows,
                                  const std::byte* packed, uint64_t n, uint64_t k);

// The columns of packed gptq_int4_act_order weights in the order of their groups; empty unless
// every group has 128.
std::vector<uint32_t> ColumnsByGroup(const std::byte* packed, uint64_t n, uint64_t k);

}  // namespace quantfleet::linear::cpu::blocks
