// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cpu/blocks/iq/tables.hpp"
#include "kernels/ops/linear/cpu/blocks/isa/plain.hpp"

// How a unit of IQ2_XXS lies in a tile of R rows. First 4 R grid indices, four for each row. Then 8
// fields of R nibbles, one nibble a row, row 0 lowest: for each of the four groups of 8 weights the
// signs of its first four, and for each the signs of the next three with, on top, one bit of the
// row's 4-bit scale (bit j with group j). The eighth sign makes the number of minus signs even.
// Codes are 64 plus the signed magnitude.
namespace quantfleet::linear::cpu::blocks {
namespace {

inline constexpr int32_t kIq2XxsOffset = 64;

template <class Isa>
struct Iq2XxsUnit;

template <>
struct Iq2XxsUnit<Plain> {
  static constexpr uint32_t kRows = Plain::kRows;

  static uint32_t Nibble(const uint8_t* fields, uint32_t field, uint32_t row) {
    return uint32_t{fields[(field * kRows + row) / 2]} >> (row % 2 * 4) & 15U;
  }

  static void Decode(const uint8_t* unit, Plain::Bytes* quads) {
    const uint8_t* const fields = unit + 4 * kRows;
    for (uint32_t row = 0; row < kRows; ++row) {
      for (uint32_t j = 0; j < 4; ++j) {
        const uint64_t magnitudes = kIq2XxsTables.magnitudes[unit[4 * row + j]];
        uint32_t signs = Nibble(fields, j, row) | (Nibble(fields, 4 + j, row) & 7U) << 4U;
        uint32_t parity = signs ^ signs >> 4U;
        parity = 0x6996U >> (parity & 15U) & 1U;
        signs |= parity << 7U;
        for (uint32_t e = 0; e < 8; ++e) {
          const auto magnitude = static_cast<int32_t>(magnitudes >> (8 * e) & 255U);
          const int32_t value = (signs >> e & 1U) != 0 ? -magnitude : magnitude;
          quads[2 * j + e / 4].of[4 * row + e % 4] = static_cast<uint8_t>(kIq2XxsOffset + value);
        }
      }
    }
  }

  // 2 s + 1 of each row; the value of a weight is d / 8 times that times its signed magnitude.
  static Plain::Ints Scale(const uint8_t* unit) {
    Plain::Ints scales = Plain::Set(1);
    for (uint32_t row = 0; row < kRows; ++row) {
      for (uint32_t j = 0; j < 4; ++j) {
        const uint32_t bit = Nibble(unit + 4 * kRows, 4 + j, row) >> 3U;
        scales.of[row] += static_cast<int32_t>(bit << (j + 1));
      }
    }
    return scales;
  }
};

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
