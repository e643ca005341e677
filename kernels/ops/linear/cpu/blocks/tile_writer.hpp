// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace quantfleet::linear::cpu::blocks {

// Places one row's block in a tile.
class TileWriter {
 public:
  TileWriter(uint32_t rows, uint32_t lane) : rows_(rows), lane_(lane) {}

  // The codes of 32 weights, `bits` each: planes of 4, 2 and 1 bits, or whole bytes.
  void Unit(const uint8_t* codes, uint32_t bits, uint8_t* to) const {
    uint32_t shift = 0;
    for (const uint32_t width : {8U, 4U, 2U, 1U}) {
      if (bits - shift < width) continue;
      Plane(codes, shift, width, to);
      to += 4 * rows_ * width;
      shift += width;
    }
  }
  // `values` of `groups` groups, four to a plane of `width`-bit fields at `field`.
  void Groups(const uint8_t* values, uint32_t groups, uint32_t shift, uint32_t width,
              uint32_t field, uint8_t* plane) const {
    for (uint32_t g = 0; g < groups; ++g) {
      const uint32_t part = values[g] >> shift & ((1U << width) - 1);
      plane[g * rows_ + lane_] = static_cast<uint8_t>(plane[g * rows_ + lane_] | part << field);
    }
  }
  uint32_t plane() const { return 4 * rows_; }

 private:
  void Plane(const uint8_t* codes, uint32_t shift, uint32_t width, uint8_t* to) const {
    // As many vectors as quads fit into a byte's bits.
    const uint32_t vectors = width;
    for (uint32_t i = 0; i < 32; ++i) {
      const uint32_t quad = i / 4;
      const uint32_t part = codes[i] >> shift & ((1U << width) - 1);
      uint8_t& byte = to[(quad % vectors * rows_ + lane_) * 4 + i % 4];
      byte = static_cast<uint8_t>(byte | part << (quad / vectors * width));
    }
  }

  uint32_t rows_;
  uint32_t lane_;
};

}  // namespace quantfleet::linear::cpu::blocks
