// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/microscaling/nvfp4.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/block_format.hpp"

namespace quantfleet::formats {
namespace {

constexpr float kLargestE2m1 = 6;
constexpr float kLargestE4m3 = 448;

void DecodeBlock(const uint8_t* block, float* weights) {
  for (uint32_t s = 0; s < Nvfp4::kBlock / Nvfp4::kSubBlock; ++s) {
    const float half_scale = Nvfp4::HalfScale(block, s);
    float values[16];
    for (uint32_t code = 0; code < 16; ++code) {
      values[code] = half_scale * static_cast<float>(DoubledE2m1(code));
    }
    for (uint32_t j = 0; j < 8; ++j) {
      const uint32_t pair = block[Nvfp4::kCodes + 8 * s + j];
      weights[16 * s + j] = values[pair & 15U];
      weights[16 * s + j + 8] = values[pair >> 4];
    }
  }
}

// Unsigned E4M3 of a scale from 0 to 448. Halves are rounded up, below 2^-6 in steps of 2^-9 with
// at most 7 of them; exponents that would not leave 448 the largest go to 448.
uint8_t EncodeE4m3(float scale) {
  constexpr uint8_t kLargest = 0x7E;
  const uint32_t bits = BitsOfFloat(scale);
  const int32_t exponent = static_cast<int32_t>(bits >> 23) - 127 + 7;
  if (exponent <= 0) {
    return static_cast<uint8_t>(std::min(7, static_cast<int32_t>(std::floor(scale * 512 + 0.5F))));
  }
  if (exponent >= 15) return kLargest;
  const uint32_t rounded = (bits + (1U << 19)) >> 20;
  const uint32_t code = rounded - (120U << 3);
  return code >= (15U << 3) ? kLargest : static_cast<uint8_t>(code);
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  constexpr uint32_t kHalf = Nvfp4::kSubBlock / 2;
  for (uint32_t s = 0; s < Nvfp4::kBlock / Nvfp4::kSubBlock; ++s) {
    const float* const from = weights + size_t{s} * Nvfp4::kSubBlock;
    float largest = 0;
    for (uint32_t i = 0; i < Nvfp4::kSubBlock; ++i) largest = std::max(largest, std::abs(from[i]));
    block[s] = EncodeE4m3(largest / kLargestE2m1);
    static_assert(Nvfp4::kSubBlock == kNearestE2m1Count);
    uint8_t codes[Nvfp4::kSubBlock];
    NearestE2m1(from, Nvfp4::HalfScale(block, s), codes);
    for (uint32_t j = 0; j < kHalf; ++j) {
      block[Nvfp4::kCodes + s * kHalf + j] =
          static_cast<uint8_t>(codes[j] | (codes[j + kHalf] << 4));
    }
  }
  return true;
}

}  // namespace

const Format& Nvfp4Format() {
  static const BlockFormat kFormat(
      {.name = "nvfp4",
       .title = "NVFP4, tensor scale 1",
       .block = Nvfp4::kBlock,
       .scales = "E4M3 scale per 16",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_nvfp4_ref",
       .relative_error = 1.0e-1},
      {Nvfp4::kBytes, &DecodeBlock, &EncodeBlock, kLargestE2m1 * kLargestE4m3});
  return kFormat;
}

}  // namespace quantfleet::formats
