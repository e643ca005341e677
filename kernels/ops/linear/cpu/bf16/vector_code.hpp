// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace quantfleet::linear::cpu::bf16 {

// One chunk of x in one panel: up to 8 rows of fp32, `stride` floats apart.
struct RowsToRound {
  const float* from = nullptr;
  uint64_t stride = 0;
  uint64_t rows = 0;
  uint64_t columns = 0;
  // A chunk as layout.hpp lays it out, aligned to 64 bytes.
  std::byte* to = nullptr;
};

// Tiles of one group times rows of one chunk in one panel.
struct TileProduct {
  // The first tile's first pair, and bytes from pair to pair.
  const std::byte* weights = nullptr;
  uint64_t stride = 0;
  // The chunk.
  const std::byte* x = nullptr;
  uint64_t pairs = 0;
  // 1 to 3, and 1 to 8.
  uint64_t tiles = 0;
  uint64_t rows_of_x = 0;
  // y[b * y_stride + r], of which the last tile has the first `last_rows`; what panels before this
  // one have `begun` is added to.
  float* y = nullptr;
  uint64_t y_stride = 0;
  uint64_t last_rows = 0;
  bool begun = false;
};

// The bf16 instructions of a processor. Two products at a time are added to an fp32 sum, each
// addition rounded to nearest even; subnormal operands and sums count as 0 (Intel 64 and IA-32
// Architectures Software Developer's Manual, volume 2, VDPBF16PS and VCVTNE2PS2BF16).
struct VectorCode {
  // "avx512_bf16".
  std::string_view name;
  // To nearest, ties to even.
  void (*round)(const RowsToRound& rows) = nullptr;
  void (*multiply)(const TileProduct& product) = nullptr;
};

// nullptr if this machine cannot multiply bf16, or if this build has no code for it.
const VectorCode* FindVectorCode();

}  // namespace quantfleet::linear::cpu::bf16
