// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/tile_writer.hpp"

#include <array>

namespace quantfleet::linear::cpu::blocks {
namespace {

// Quad q in vector q % bits, at the bits above those of the quads before it.
template <uint8_t kBits>
constexpr std::array<BitField, 8> WholeCodes() {
  std::array<BitField, 8> fields;
  for (uint8_t q = 0; q < 8; ++q) {
    const auto at = static_cast<uint8_t>(q / kBits * kBits);
    fields[q] = {q, 0, kBits, static_cast<uint8_t>(q % kBits), at};
  }
  return fields;
}

constexpr auto kTwoBits = WholeCodes<2>();
constexpr auto kFourBits = WholeCodes<4>();
constexpr auto kEightBits = WholeCodes<8>();

constexpr BitField kThreeBits[] = {
    {0, 0, 3, 0, 0}, {1, 0, 3, 1, 0}, {2, 0, 3, 2, 0}, {3, 0, 3, 0, 3}, {4, 0, 3, 1, 3},
    {5, 0, 3, 2, 3}, {6, 0, 2, 0, 6}, {6, 2, 1, 2, 6}, {7, 0, 2, 1, 6}, {7, 2, 1, 2, 7}};

constexpr BitField kFiveBits[] = {{0, 0, 5, 0, 0}, {1, 0, 5, 1, 0}, {2, 0, 5, 2, 0},
                                  {3, 0, 5, 3, 0}, {4, 0, 5, 4, 0}, {5, 0, 3, 0, 5},
                                  {5, 3, 2, 1, 5}, {6, 0, 3, 2, 5}, {6, 3, 2, 3, 5},
                                  {7, 0, 3, 4, 5}, {7, 3, 1, 1, 7}, {7, 4, 1, 3, 7}};

constexpr BitField kSixBits[] = {{0, 0, 6, 0, 0}, {1, 0, 6, 1, 0}, {2, 0, 6, 2, 0},
                                 {3, 0, 2, 0, 6}, {3, 2, 2, 1, 6}, {3, 4, 2, 2, 6},
                                 {4, 0, 6, 3, 0}, {5, 0, 6, 4, 0}, {6, 0, 6, 5, 0},
                                 {7, 0, 2, 3, 6}, {7, 2, 2, 4, 6}, {7, 4, 2, 5, 6}};

}  // namespace

std::span<const BitField> BitFields(uint32_t bits) {
  switch (bits) {
    case 2:
      return kTwoBits;
    case 3:
      return kThreeBits;
    case 4:
      return kFourBits;
    case 5:
      return kFiveBits;
    case 6:
      return kSixBits;
    default:
      return kEightBits;
  }
}

}  // namespace quantfleet::linear::cpu::blocks
