// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/codes.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats::legacy {

float LargestWithSign(const float* weights) {
  float largest = 0;
  for (uint32_t i = 0; i < kBlock; ++i) {
    if (std::abs(weights[i]) > std::abs(largest)) largest = weights[i];
  }
  return largest;
}

Range RangeOf(const float* weights) {
  // Not minmax_element, which takes the last of equal maxima: the sign of a zero would differ.
  return {*std::min_element(weights, weights + kBlock),
          *std::max_element(weights, weights + kBlock)};
}

void QuantizeBlock(const float* weights, float offset, float d, float rounding, int32_t largest,
                   uint8_t* codes) {
  const float inverse = d != 0 ? 1.0F / d : 0.0F;
  if (!std::isfinite(inverse)) {
    std::fill(codes, codes + kBlock, uint8_t{0});
    return;
  }
  for (uint32_t i = 0; i < kBlock; ++i) {
    const auto code = static_cast<int32_t>((weights[i] - offset) * inverse + rounding);
    codes[i] = static_cast<uint8_t>(std::min(largest, code));
  }
}

void PackNibbles(const uint8_t* codes, uint8_t* bytes) {
  for (uint32_t j = 0; j < kBlock / 2; ++j) {
    bytes[j] = static_cast<uint8_t>((codes[j] & 15U) | ((codes[j + kBlock / 2] & 15U) << 4U));
  }
}

void PackFifthBits(const uint8_t* codes, uint8_t* bytes) {
  uint32_t word = 0;
  for (uint32_t i = 0; i < kBlock; ++i) word |= ((codes[i] >> 4U) & 1U) << i;
  Store32(word, bytes);
}

}  // namespace quantfleet::formats::legacy
