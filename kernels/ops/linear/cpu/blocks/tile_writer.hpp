// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/ops/linear/cpu/blocks/layout.hpp"

namespace quantfleet::linear::cpu::blocks {

// Some bits of the codes of a quad, and where a unit has them.
struct BitField {
  uint8_t quad;
  uint8_t code_bit;
  uint8_t width;
  uint8_t vector;
  uint8_t at;
};

// Of units of `bits`-bit codes: 2, 3, 4, 5, 6 or 8.
std::span<const BitField> BitFields(uint32_t bits);

// Places one row's block in a tile.
class TileWriter {
 public:
  TileWriter(uint32_t rows, uint32_t lane) : rows_(rows), lane_(lane) {}

  // The codes of 32 weights, `bits` each.
  void Unit(const uint8_t* codes, uint32_t bits, uint8_t* to) const {
    for (const BitField& field : BitFields(bits)) {
      for (uint32_t i = 0; i < 4; ++i) {
        const uint32_t part =
            codes[field.quad * 4U + i] >> field.code_bit & ((1U << field.width) - 1);
        uint8_t& byte = to[(field.vector * rows_ + lane_) * 4 + i];
        byte = static_cast<uint8_t>(byte | part << field.at);
      }
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
  uint32_t rows_;
  uint32_t lane_;
};

// Calls on_block(block, body, head) for each block of row `row`, in order: where its tile has the
// block's bytes, and its scales. `matrix` is that of n rows of k weights in tiles of `rows` rows.
template <class OnBlock>
void ForBlocksOfRow(const BlockLayout& layout, uint32_t rows, uint64_t n, uint64_t k, uint64_t row,
                    std::byte* matrix, const OnBlock& on_block) {
  const uint64_t run = BlocksOfRun(layout, rows);
  for (uint64_t p = 0; p < Panels(k); ++p) {
    const Panel panel = PanelAt(layout, rows, n, k, p);
    auto* body = reinterpret_cast<uint8_t*>(matrix) + panel.offset + row / rows * panel.stride;
    uint8_t* head = body;
    for (uint64_t block = panel.begin_block; block < panel.end_block; ++block) {
      if ((block - panel.begin_block) % run == 0) {
        head = body;
        body += kHeadBytes;
      }
      on_block(block, body, head);
      body += layout.body_bytes() * rows;
      head += layout.head_bytes * rows;
    }
  }
}

}  // namespace quantfleet::linear::cpu::blocks
