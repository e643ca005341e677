// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/ops/linear/cpu/blocks/activations.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"

namespace quantfleet::linear::cpu::blocks {

enum class BlockFormat {
  kQ8_0,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kMxfp4,
  kNvfp4,
  kQ4K,
  kQ5K,
  kQ6K,
  kQ3K,
  kQ2K,
  kIq2Xxs,
  kAwqInt4,
  kGptqInt4,
  kGptqInt4ActOrder,
};
inline constexpr uint32_t kBlockFormats = 16;

// y[b, r] for r in `rows` (begin a multiple of the tile's rows) of n rows and all b; y is
// [batch, n].
using MultiplyTiles = void (*)(const uint8_t* tiles, const Activations& x, uint64_t n,
                               RowRange rows, float* y);

// Reads the tiles of `rows`, brings every code into a register and multiplies nothing; `mixed` gets
// the sum of the codes, four at a time as a word.
using UnpackTiles = void (*)(const uint8_t* tiles, uint64_t n, uint64_t k, RowRange rows,
                             uint32_t* mixed);

// A format's kernels, and the rows of the tiles they read.
struct BlockMultiply {
  uint32_t rows = 0;
  MultiplyTiles multiply = nullptr;
  UnpackTiles unpack = nullptr;
};

// The integer kernels of one instruction set.
struct KernelSet {
  // "avx512_vnni", "avx2", "plain".
  std::string_view name;
  // Quantizes rows [begin, end) of x, row-major, all in whole blocks of the layout.
  void (*quantize)(const BlockLayout& layout, const float* x, uint64_t begin, uint64_t end,
                   Activations* to) = nullptr;
  // By BlockFormat.
  BlockMultiply formats[kBlockFormats] = {};
};

// Every set that this build has and this machine can run, fastest first; the plain one is the last.
std::span<const KernelSet* const> KernelSets();

}  // namespace quantfleet::linear::cpu::blocks
