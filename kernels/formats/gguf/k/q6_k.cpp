// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/q6_k.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/k/nearest_integer.hpp"
#include "kernels/formats/gguf/k/packing.hpp"
#include "kernels/formats/gguf/k/symmetric_search.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint32_t kSubBlocks = Q6K::kBlock / Q6K::kSubBlock;
constexpr int32_t kHalf = 32;
// Below this the block is stored as zeros.
constexpr float kNothing = 1e-15F;

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q6K::kBytes];
  std::memcpy(block, packed, sizeof(block));
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    const float scale = Q6K::Scale(block, j);
    const uint32_t step = j / 2 % 4;
    const uint8_t* const lower = &block[j / 8 * 64 + step % 2 * 32 + j % 2 * 16];
    const uint8_t* const upper = &block[Q6K::kUpperBits + j / 8 * 32 + j % 2 * 16];
    for (uint32_t l = 0; l < Q6K::kSubBlock; ++l) {
      const int32_t low = (lower[l] >> (step / 2 * 4)) & 15;
      const int32_t code = low | (((upper[l] >> (2 * step)) & 3) << 4);
      weights[j * Q6K::kSubBlock + l] = scale * static_cast<float>(code - kHalf);
    }
  }
}

// 6-bit codes: each half of 128 has its lower four bits in 64 bytes, its upper two in 32.
void PackCodes(const uint8_t* codes, uint8_t* block) {
  uint8_t upper[Q6K::kBlock];
  for (uint32_t i = 0; i < Q6K::kBlock; ++i) upper[i] = static_cast<uint8_t>(codes[i] >> 4);
  k_quants::PackTwoBits(upper, block + Q6K::kUpperBits);
  for (uint32_t i = 0; i < Q6K::kUpperBits; ++i) {
    const uint8_t* const from = &codes[i / 64 * 128 + i % 64];
    block[i] = static_cast<uint8_t>((from[0] & 15U) | ((from[64] & 15U) << 4));
  }
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  uint8_t codes[Q6K::kBlock];
  float scales[kSubBlocks];
  float largest = 0;
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    const uint32_t first = j * Q6K::kSubBlock;
    scales[j] = k_quants::SearchSymmetricScale(std::span<const float, k_quants::kSymmetricCount>(
                                                   weights + first, k_quants::kSymmetricCount),
                                               kHalf, codes + first);
    if (std::abs(scales[j]) > std::abs(largest)) largest = scales[j];
  }
  if (std::abs(largest) < kNothing) {
    std::fill(block, block + Q6K::kBytes, uint8_t{0});
    return true;
  }
  const float inverse = -128.0F / largest;
  const bool fits = StoreFp16(1 / inverse, block + Q6K::kScale);
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    const int32_t sub_scale = std::min(127, k_quants::NearestInteger(inverse * scales[j]));
    block[Q6K::kSubScales + j] = static_cast<uint8_t>(sub_scale);
    const float scale = Q6K::Scale(block, j);
    if (scale == 0) continue;
    for (uint32_t i = j * Q6K::kSubBlock; i < (j + 1) * Q6K::kSubBlock; ++i) {
      const int32_t code = k_quants::NearestInteger(weights[i] / scale, -kHalf, kHalf - 1);
      codes[i] = static_cast<uint8_t>(code + kHalf);
    }
  }
  PackCodes(codes, block);
  return fits;
}

}  // namespace

const Format& Q6KFormat() {
  static const BlockFormat kFormat(
      {.name = "q6_k",
       .title = "GGUF Q6_K",
       .block = Q6K::kBlock,
       .scales = "int8 scale per 16, fp16 scale of them",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q6_K_ref",
       .relative_error = 1.8e-2},
      {Q6K::kBytes, &DecodeBlock, &EncodeBlock, k_quants::kLargestWeight});
  return kFormat;
}

}  // namespace quantfleet::formats
