// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// How rows of GGUF blocks are interleaved for the integer kernels.
//
// A tile holds R rows (the 32-bit lanes of a vector register: 16, 8). A quad is four consecutive
// weights of each of the R rows, 4 R bytes when each takes a byte: one multiplication with four
// activations, broadcast, adds to the sums of R rows at once, so that no sum is ever folded across
// lanes. A unit is 32 weights of each row, eight quads, in as many whole vectors as a code has
// bits:
//   4 bits: quad v in the low, quad v + 4 in the high nibbles of vector v;
//   2 bits: quads v, v + 2, v + 4, v + 6 in the bit pairs of vector v, low first;
//   3, 5, 6 bits: whole codes in the low bits of each vector, and the bits of the other quads in
//   what is left above them (BitFields), so that most codes take one operation to bring out.
// A block is what shares one scale of the activations (32 or 256 weights of each row): its
// sub-scales, then its units. The fp16 scales of as many blocks as fill 64 bytes stand before the
// first of them: a tile is one stream that memory serves from front to back (a second one, for the
// scales of a whole tile, cost a third of the bandwidth on Zen 4), and vectors stay aligned. A
// matrix is cut into panels of columns, each all its tiles in turn: what a tile of a panel takes,
// weights and activations, fits the first cache, so that the activations stay there from tile to
// tile. Missing rows of the last tile are zero. But for padding no bits are added.
namespace quantfleet::linear::cpu::blocks {

// Where things lie in one block of a tile. Bytes for each row of the tile.
struct BlockLayout {
  // Weights of a row; activations are quantized by as many.
  uint32_t block = 0;
  // Bytes of a unit, and of the sub-scales before the units of a block.
  uint32_t unit_bytes = 0;
  uint32_t scale_bytes = 0;
  // fp16 scales (or other bytes) of a block in the head that it shares with its neighbours.
  uint32_t head_bytes = 0;
  // Weights that share a sub-scale: sums of activations are made for as many.
  uint32_t group = 0;
  // Codes are stored with this added, so that they are not negative.
  int32_t offset = 0;

  constexpr uint32_t body_bytes() const { return block / 32 * unit_bytes + scale_bytes; }
};

inline constexpr BlockLayout kQ8_0Layout = {32, 32, 0, 2, 32, 128};
inline constexpr BlockLayout kQ4_0Layout = {32, 16, 0, 2, 32, 8};
inline constexpr BlockLayout kQ4_1Layout = {32, 16, 0, 4, 32, 0};
inline constexpr BlockLayout kQ5_0Layout = {32, 20, 0, 2, 32, 16};
inline constexpr BlockLayout kQ5_1Layout = {32, 20, 0, 4, 32, 0};
inline constexpr BlockLayout kMxfp4Layout = {32, 16, 0, 1, 32, 12};
inline constexpr BlockLayout kQ4KLayout = {256, 16, 12, 4, 32, 0};
inline constexpr BlockLayout kQ5KLayout = {256, 20, 12, 4, 32, 0};
inline constexpr BlockLayout kQ6KLayout = {256, 24, 16, 2, 16, 32};
inline constexpr BlockLayout kQ3KLayout = {256, 12, 12, 2, 16, 4};
inline constexpr BlockLayout kQ2KLayout = {256, 8, 16, 4, 16, 0};
inline constexpr BlockLayout kIq2XxsLayout = {256, 8, 0, 2, 32, 64};
// Four sub-blocks of 16 (NVFP4): in the head, a byte of E4M3 scale for each.
inline constexpr BlockLayout kNvfp4Layout = {64, 16, 0, 4, 16, 12};
// int4 in groups of 128 (AWQ, GPTQ): in the head, fp16 scales, a byte of zero and one of padding.
inline constexpr BlockLayout kInt4Layout = {128, 16, 0, 4, 128, 1};

// Bytes of the scales that precede a run of blocks, and blocks of a run, in tiles of `rows` rows.
inline constexpr uint32_t kHeadBytes = 64;
constexpr uint32_t BlocksOfRun(const BlockLayout& layout, uint32_t rows) {
  return kHeadBytes / (layout.head_bytes * rows);
}

// Bytes of one tile of `rows` rows of `columns` weights.
constexpr uint64_t TileBytes(const BlockLayout& layout, uint32_t rows, uint64_t columns) {
  const uint64_t blocks = columns / layout.block;
  const uint64_t run = BlocksOfRun(layout, rows);
  const uint64_t bytes =
      (blocks + run - 1) / run * kHeadBytes + blocks * layout.body_bytes() * rows;
  return (bytes + 63) / 64 * 64;
}

// Columns of a panel, but for the last one. A multiple of every block.
inline constexpr uint64_t kPanelColumns = 2048;

// Some columns of a matrix of n rows: their blocks, and where their tiles of `rows` rows lie.
struct Panel {
  uint64_t begin_block = 0;
  uint64_t end_block = 0;
  // Bytes from the matrix to the panel, and from tile to tile.
  uint64_t offset = 0;
  uint64_t stride = 0;
};

// Panels of a matrix of so many columns, and the one of an index below that.
constexpr uint64_t Panels(uint64_t columns) {
  return (columns + kPanelColumns - 1) / kPanelColumns;
}
constexpr Panel PanelAt(const BlockLayout& layout, uint32_t rows, uint64_t n, uint64_t columns,
                        uint64_t index) {
  const uint64_t begin = index * kPanelColumns;
  const uint64_t end = columns - begin < kPanelColumns ? columns : begin + kPanelColumns;
  return {begin / layout.block, end / layout.block,
          index * ((n + rows - 1) / rows) * TileBytes(layout, rows, kPanelColumns),
          TileBytes(layout, rows, end - begin)};
}
// Bytes of all tiles of a matrix.
constexpr uint64_t MatrixBytes(const BlockLayout& layout, uint32_t rows, uint64_t n,
                               uint64_t columns) {
  const Panel last = PanelAt(layout, rows, n, columns, Panels(columns) - 1);
  return last.offset + (n + rows - 1) / rows * last.stride;
}

}  // namespace quantfleet::linear::cpu::blocks
