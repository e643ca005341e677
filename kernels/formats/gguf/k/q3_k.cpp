// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/q3_k.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/k/nearest_integer.hpp"
#include "kernels/formats/gguf/k/packing.hpp"
#include "kernels/formats/gguf/k/symmetric_search.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint32_t kSubBlocks = Q3K::kBlock / Q3K::kSubBlock;
constexpr int32_t kHalf = 4;
constexpr int32_t kHalfSubScale = 32;

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q3K::kBytes];
  std::memcpy(block, packed, sizeof(block));
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    const float scale = Q3K::Scale(block, j);
    const uint8_t* const codes = &block[Q3K::kCodes + j / 8 * 32 + j % 2 * 16];
    const uint8_t* const thirds = block + size_t{j % 2} * 16;
    const uint32_t shift = j / 2 % 4 * 2;
    for (uint32_t l = 0; l < Q3K::kSubBlock; ++l) {
      const int32_t code = ((codes[l] >> shift) & 3) | (((thirds[l] >> (j / 2)) & 1) << 2);
      weights[j * Q3K::kSubBlock + l] = scale * static_cast<float>(code - kHalf);
    }
  }
}

// d and the 6-bit sub-scales; all zero bytes if no sub-block has a scale. False if d is too large.
bool StoreScales(const float* scales, float largest, uint8_t* block) {
  uint8_t* const packed = block + Q3K::kSubScales;
  std::fill(packed, packed + 12, uint8_t{0});
  if (largest == 0) return StoreFp16(0, block + Q3K::kScale);
  const float inverse = -static_cast<float>(kHalfSubScale) / largest;
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    // A byte, as in ggml: what a scale of no meaning rounds to wraps before it is clamped.
    const auto rounded = static_cast<int8_t>(k_quants::NearestInteger(inverse * scales[j]));
    const auto code = static_cast<uint32_t>(
        std::clamp<int32_t>(rounded, -kHalfSubScale, kHalfSubScale - 1) + kHalfSubScale);
    packed[j % 8] |= static_cast<uint8_t>((code & 15U) << (j / 8 * 4));
    packed[8 + j % 4] |= static_cast<uint8_t>((code >> 4) << (j / 4 * 2));
  }
  return StoreFp16(1 / inverse, block + Q3K::kScale);
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  uint8_t codes[Q3K::kBlock];
  float scales[kSubBlocks];
  float largest = 0;
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    const uint32_t first = j * Q3K::kSubBlock;
    scales[j] = k_quants::RefineSymmetricScale(std::span<const float, k_quants::kSymmetricCount>(
                                                   weights + first, k_quants::kSymmetricCount),
                                               kHalf, codes + first);
    if (std::abs(scales[j]) > std::abs(largest)) largest = scales[j];
  }
  const bool fits = StoreScales(scales, largest, block);
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    const float scale = Q3K::Scale(block, j);
    if (scale == 0) continue;
    for (uint32_t i = j * Q3K::kSubBlock; i < (j + 1) * Q3K::kSubBlock; ++i) {
      const int32_t code = k_quants::NearestInteger(weights[i] / scale, -kHalf, kHalf - 1);
      codes[i] = static_cast<uint8_t>(code + kHalf);
    }
  }
  k_quants::PackBitPlane(codes, 2, block);
  k_quants::PackTwoBits(codes, block + Q3K::kCodes);
  return fits;
}

}  // namespace

const Format& Q3KFormat() {
  static const BlockFormat kFormat(
      {.name = "q3_k",
       .title = "GGUF Q3_K",
       .block = Q3K::kBlock,
       .scales = "6-bit scale per 16, fp16 scale of them",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q3_K_ref",
       .relative_error = 1.5e-1},
      {Q3K::kBytes, &DecodeBlock, &EncodeBlock, k_quants::kLargestWeight});
  return kFormat;
}

}  // namespace quantfleet::formats
