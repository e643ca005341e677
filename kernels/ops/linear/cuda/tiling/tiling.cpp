// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/ops/linear/cuda/tiling/tilings.hpp"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint64_t kPlaneAlignment = 256;

uint64_t RoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Index of the element of `plane` that holds a unit; see the order at the head of tiling.hpp.
uint64_t ElementIndex(const Plane& plane, uint64_t row, uint64_t unit, uint64_t steps) {
  if (plane.units == 0) return row;
  const uint64_t tile = row / kTileRows;
  const uint64_t in_tile = row % kTileRows;
  if (plane.units == 1) {
    const uint64_t step = tile * steps + unit / kStepUnits;
    return (step * kTileRows + in_tile) * kStepUnits + unit % kStepUnits;
  }
  const uint64_t elements = steps * kStepUnits / plane.units;
  return (tile * elements + unit / plane.units) * kTileRows + in_tile;
}

// Packs codes `indices` of each group of `per_word` weights into a word, `bits` bits each, in the
// order pair 0 low, pair 1 low, ..., then the high weights of the pairs in the upper half.
void PutWords(const uint8_t (&codes)[kUnitWeights], uint32_t bits, uint8_t* to) {
  const uint32_t per_word = 32 / bits;
  for (uint32_t first = 0; first < kUnitWeights; first += per_word) {
    uint32_t word = 0;
    for (uint32_t i = 0; i < per_word; ++i) {
      const uint32_t shift = i / 2 * bits + i % 2 * 16;
      word |= static_cast<uint32_t>(codes[first + i]) << shift;
    }
    std::memcpy(to, &word, sizeof(word));
    to += sizeof(word);
  }
}

}  // namespace

TiledShape ShapeOf(const Tiling& tiling, uint64_t n, uint64_t k) {
  uint64_t step_multiple = 1;
  for (uint32_t i = 0; i < tiling.plane_count; ++i) {
    step_multiple = std::max<uint64_t>(step_multiple, tiling.planes[i].units / kStepUnits);
  }
  const uint64_t rows = RoundUp(n, kTileRows);
  TiledShape shape;
  shape.steps =
      static_cast<uint32_t>(RoundUp((k + kStepWeights - 1) / kStepWeights, step_multiple));
  for (uint32_t i = 0; i < tiling.plane_count; ++i) {
    const Plane& plane = tiling.planes[i];
    const uint64_t elements =
        plane.units == 0 ? 1 : uint64_t{shape.steps} * kStepUnits / plane.units;
    shape.offsets[i] = shape.bytes;
    shape.bytes += RoundUp(rows * elements * plane.bytes, kPlaneAlignment);
  }
  if (tiling.tail != nullptr) {
    shape.offsets[tiling.plane_count] = shape.bytes;
    shape.bytes += RoundUp(tiling.tail(n, k).bytes, kPlaneAlignment);
  }
  return shape;
}

std::vector<std::byte> TileWeights(const Tiling& tiling, uint64_t n, uint64_t k,
                                   std::span<const std::byte> packed) {
  const TiledShape shape = ShapeOf(tiling, n, k);
  std::vector<std::byte> tiled(shape.bytes);
  auto* const to = reinterpret_cast<uint8_t*>(tiled.data());
  UnitSource source = {reinterpret_cast<const uint8_t*>(packed.data()), n, k, 0, 0};
  const auto units = static_cast<uint32_t>((k + kUnitWeights - 1) / kUnitWeights);
  for (source.row = 0; source.row < n; ++source.row) {
    for (source.unit = 0; source.unit < units; ++source.unit) {
      uint8_t* elements[kMostPlanes] = {};
      for (uint32_t i = 0; i < tiling.plane_count; ++i) {
        const Plane& plane = tiling.planes[i];
        elements[i] = to + shape.offsets[i] +
                      ElementIndex(plane, source.row, source.unit, shape.steps) * plane.bytes;
      }
      tiling.fill(source, elements);
    }
  }
  if (tiling.tail != nullptr) {
    const ByteRange tail = tiling.tail(n, k);
    std::memcpy(to + shape.offsets[tiling.plane_count], packed.data() + tail.begin, tail.bytes);
  }
  return tiled;
}

const Tiling* FindTiling(std::string_view format) {
  for (const std::span<const Tiling> family :
       {PlainTilings(), Int4Tilings(), SmallBlockTilings(), LargeBlockTilings()}) {
    for (const Tiling& tiling : family) {
      if (tiling.format == format) return &tiling;
    }
  }
  return nullptr;
}

void PutBytes(const uint8_t (&codes)[kUnitWeights], uint8_t* first, uint8_t* second) {
  std::memcpy(first, codes, kUnitWeights / 2);
  std::memcpy(second, codes + kUnitWeights / 2, kUnitWeights / 2);
}
void PutQuads(const uint8_t (&codes)[kUnitWeights], uint8_t* to) {
  PutWords(codes, 4, to);
}
void PutPairs(const uint8_t (&codes)[kUnitWeights], uint8_t* to) {
  PutWords(codes, 2, to);
}
void PutBits(const uint8_t (&codes)[kUnitWeights], uint8_t* to) {
  PutWords(codes, 1, to);
}

}  // namespace quantfleet::linear::cuda
