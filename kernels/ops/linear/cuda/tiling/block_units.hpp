// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {

// The block that holds a unit, for formats of consecutive blocks (kBlock weights in kBytes bytes).
template <typename Block>
const uint8_t* BlockOf(const UnitSource& source) {
  const uint64_t blocks = source.columns / Block::kBlock;
  const uint64_t block = source.row * blocks + source.unit / (Block::kBlock / kUnitWeights);
  return source.packed + block * Block::kBytes;
}

// Place of the unit's first weight in its block.
template <typename Block>
uint32_t FirstOf(const UnitSource& source) {
  return source.unit % (Block::kBlock / kUnitWeights) * kUnitWeights;
}

// The unit's codes as the block's own Code gives them, plus `zero`.
template <typename Block>
void CodesOf(const UnitSource& source, int32_t zero, uint8_t (&codes)[kUnitWeights]) {
  const uint8_t* const block = BlockOf<Block>(source);
  const uint32_t first = FirstOf<Block>(source);
  for (uint32_t i = 0; i < kUnitWeights; ++i) {
    codes[i] = static_cast<uint8_t>(Block::Code(block, first + i) + zero);
  }
}

// Splits codes in place: leaves the lower `bits` bits and returns the rest in `upper`.
inline void SplitCodes(uint32_t bits, uint8_t (&codes)[kUnitWeights],
                       uint8_t (&upper)[kUnitWeights]) {
  for (uint32_t i = 0; i < kUnitWeights; ++i) {
    upper[i] = static_cast<uint8_t>(codes[i] >> bits);
    codes[i] = static_cast<uint8_t>(codes[i] & ((1U << bits) - 1));
  }
}

}  // namespace quantfleet::linear::cuda
