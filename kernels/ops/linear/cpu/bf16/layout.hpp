// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

// How bf16 weights and activations lie for a processor that multiplies pairs of bf16.
//
// A tile is 16 rows of W, the 32-bit lanes of a register: a vector holds two consecutive columns of
// each row, and one broadcast of two activations serves all 16. Three tiles, side by side, are a
// group: pair after pair, 192 bytes each, one stream that memory serves from front to back. Three
// vectors of weights and eight broadcasts feed 24 multiplications into as many registers, so the
// multiplier is the bound and not the loads. A matrix is cut into panels of columns, each all its
// groups in turn: the weights of a group in a panel stay in the second cache while all rows of x
// pass. Those come in chunks of eight rows, panel after panel, chunk after chunk, pair after pair:
// 4 bytes of each row, without gaps, so that a small batch leaves the first cache to the weights.
// Missing columns and missing rows of the last tile are zero; the last group of a matrix may have
// fewer tiles, and the last chunk fewer rows.
namespace quantfleet::linear::cpu::bf16 {

inline constexpr uint64_t kTileRows = 16;
inline constexpr uint64_t kGroupTiles = 3;
inline constexpr uint64_t kChunkRows = 8;
// Columns of a panel, but for the last one.
inline constexpr uint64_t kPanelColumns = 2048;
// Bytes of two columns of a tile, and of a whole chunk.
inline constexpr uint64_t kTilePairBytes = kTileRows * 4;
inline constexpr uint64_t kChunkPairBytes = kChunkRows * 4;
// Columns that are rounded at once: a chunk has room for whole steps.
inline constexpr uint64_t kRoundColumns = 32;

constexpr uint64_t DivideUp(uint64_t a, uint64_t b) {
  return (a + b - 1) / b;
}

// Some columns of a matrix of k.
struct Panel {
  uint64_t begin = 0;
  uint64_t columns = 0;
  uint64_t pairs() const { return DivideUp(columns, 2); }
  // Bytes from chunk to chunk of x.
  uint64_t chunk_bytes() const {
    return DivideUp(columns, kRoundColumns) * (kRoundColumns / 2) * kChunkPairBytes;
  }
};
constexpr uint64_t Panels(uint64_t k) {
  return DivideUp(k, kPanelColumns);
}
constexpr Panel PanelAt(uint64_t k, uint64_t index) {
  const uint64_t begin = index * kPanelColumns;
  return {begin, std::min(k - begin, kPanelColumns)};
}

// Bytes of W as tiles, and where a panel's begin: all panels before it are whole.
constexpr uint64_t WeightBytes(uint64_t n, uint64_t k) {
  return DivideUp(n, kTileRows) * DivideUp(k, 2) * kTilePairBytes;
}
constexpr uint64_t WeightOffset(uint64_t n, uint64_t panel) {
  return WeightBytes(n, panel * kPanelColumns);
}
// Bytes of `batch` rows of x as chunks, and where a panel's begin.
constexpr uint64_t ChunkBytes(uint64_t batch, uint64_t k) {
  return DivideUp(batch, kChunkRows) * DivideUp(k, kRoundColumns) * (kRoundColumns / 2) *
         kChunkPairBytes;
}
constexpr uint64_t ChunkOffset(uint64_t batch, uint64_t panel) {
  return ChunkBytes(batch, panel * kPanelColumns);
}

// bf16 weights [n, k], row-major, as tiles.
std::vector<std::byte> Repack(const std::byte* packed, uint64_t n, uint64_t k);

}  // namespace quantfleet::linear::cpu::bf16
