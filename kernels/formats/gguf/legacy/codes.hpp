// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace quantfleet::formats::legacy {

inline constexpr uint32_t kBlock = 32;

// Weight of largest magnitude among 32, with its sign; the first of equals, +0 for zeros.
float LargestWithSign(const float* weights);

struct Range {
  float min = 0;
  float max = 0;
};
// Of 32 weights.
Range RangeOf(const float* weights);

// Codes of 32 weights on the grid offset + d q: (x - offset) / d + rounding, cut to an integer, at
// most `largest`. Multiplies by 1 / d; where that is infinite (d below 2^-128) the codes are 0, and
// so is the scale once it is fp16.
void QuantizeBlock(const float* weights, float offset, float d, float rounding, int32_t largest,
                   uint8_t* codes);

// Byte j of 16: lower four bits of code j in the low nibble, of code j + 16 in the high one.
void PackNibbles(const uint8_t* codes, uint8_t* bytes);

// Little-endian word of 4 bytes: bit i is bit 4 of code i.
void PackFifthBits(const uint8_t* codes, uint8_t* bytes);

}  // namespace quantfleet::formats::legacy
