// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// The layout that the fused kernels read, made on the host from the packed one; no CUDA. It costs
// no bytes but padding: the same codes and scales in another order.
//
// A unit is 32 neighbouring weights of a row: what one lane takes at once. A step is 4 units (128
// weights), a tile 16 rows. The parts of a unit (codes, high bits, scales) lie in planes of their
// own, so that each is aligned and a warp's load is contiguous: in the order tile, step, row, unit,
// which is the order of the lanes that feed mma.m16n8k16. Rows are padded to whole tiles and steps
// with zero bytes, which stand for weights of 0.
namespace quantfleet::linear::cuda {

inline constexpr uint32_t kUnitWeights = 32;
inline constexpr uint32_t kStepUnits = 4;
inline constexpr uint32_t kStepWeights = kUnitWeights * kStepUnits;
inline constexpr uint32_t kTileRows = 16;
inline constexpr uint32_t kMostPlanes = 4;  // the tail counts as one

// Elements of `bytes` bytes (a power of two up to 16), each for `units` units of a row (1, 2, 4 or
// 8) or, with 0, for the whole row.
struct Plane {
  uint32_t units = 1;
  uint32_t bytes = 0;
};

// Where one unit comes from.
struct UnitSource {
  const uint8_t* packed = nullptr;  // the whole matrix
  uint64_t rows = 0;
  uint64_t columns = 0;
  uint64_t row = 0;
  uint32_t unit = 0;
};

struct ByteRange {
  uint64_t begin = 0;
  uint64_t bytes = 0;
};

// How a format is tiled.
struct Tiling {
  std::string_view format;
  uint32_t plane_count = 0;
  std::array<Plane, kMostPlanes> planes;
  // Writes the element of each plane that holds the unit. What several units share is written by
  // each of them. A unit may reach past the end of its row; the weights there must become 0.
  void (*fill)(const UnitSource& source, uint8_t* const* elements) = nullptr;
  // What belongs to the whole matrix, copied behind the planes as it is: first byte and size in the
  // packed matrix [n, k]. nullptr for nothing.
  ByteRange (*tail)(uint64_t n, uint64_t k) = nullptr;
};

// nullptr if there is no fused kernel for the format.
const Tiling* FindTiling(std::string_view format);

// Places of the planes in a tiled matrix [n, k], and its size. Bytes; planes are aligned to 256.
struct TiledShape {
  uint32_t steps = 0;  // of a row, rounded up so that every element is whole
  std::array<uint64_t, kMostPlanes> offsets{};  // the tail's behind the last plane's
  uint64_t bytes = 0;
};
TiledShape ShapeOf(const Tiling& tiling, uint64_t n, uint64_t k);

std::vector<std::byte> TileWeights(const Tiling& tiling, uint64_t n, uint64_t k,
                                   std::span<const std::byte> packed);

// How 32 codes of 8, 4, 2 or 1 bits become bytes: each so that the codes of two neighbouring
// weights come out with one shift and one mask, in the low bits of the two halves of a word.
void PutBytes(const uint8_t (&codes)[kUnitWeights], uint8_t* first, uint8_t* second);
void PutQuads(const uint8_t (&codes)[kUnitWeights], uint8_t* to);
void PutPairs(const uint8_t (&codes)[kUnitWeights], uint8_t* to);
void PutBits(const uint8_t (&codes)[kUnitWeights], uint8_t* to);

}  // namespace quantfleet::linear::cuda
