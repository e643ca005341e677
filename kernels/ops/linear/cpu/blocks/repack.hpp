// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/ops/linear/cpu/blocks/kernel_set.hpp"

namespace quantfleet::linear::cpu::blocks {

// What the kernels know of a format.
struct BlockFormatInfo {
  BlockFormat format;
  // As formats::Format names it.
  std::string_view name;
  BlockLayout layout;
  // Bytes of one block as formats::Format packs it; 0 if it does not pack block after block.
  uint32_t packed_bytes = 0;
};

std::span<const BlockFormatInfo> BlockFormatInfos();

// Blocks of n rows of k weights, row after row, as tiles of `rows` rows (layout.hpp).
std::vector<std::byte> Repack(const BlockFormatInfo& format, uint32_t rows, const std::byte* packed,
                              uint64_t n, uint64_t k);

}  // namespace quantfleet::linear::cpu::blocks
