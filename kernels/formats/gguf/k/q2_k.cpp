// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/q2_k.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/k/nearest_integer.hpp"
#include "kernels/formats/gguf/k/packing.hpp"
#include "kernels/formats/gguf/k/scale_and_min_search.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint32_t kSubBlocks = Q2K::kBlock / Q2K::kSubBlock;
constexpr float kLargestSubScale = 15;
constexpr k_quants::GridSearch kSearch = {
    .largest = 3, .first = -0.5F, .step = 0.1F, .steps = 15, .absolute = true};

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q2K::kBytes];
  std::memcpy(block, packed, sizeof(block));
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    const ScaleAndMin sub = Q2K::ScaleAndMin(block, j);
    const uint8_t* const codes = &block[Q2K::kCodes + j / 8 * 32 + j % 2 * 16];
    const uint32_t shift = j / 2 % 4 * 2;
    for (uint32_t l = 0; l < Q2K::kSubBlock; ++l) {
      const int32_t code = (codes[l] >> shift) & 3;
      weights[j * Q2K::kSubBlock + l] = sub.scale * static_cast<float>(code) - sub.min;
    }
  }
}

uint32_t RoundSubScale(float factor, float value) {
  return static_cast<uint8_t>(k_quants::NearestInteger(factor * value));
}

// d, dmin and the 4-bit pairs. False if one of the former is too large.
bool StoreScales(const ScaleAndMin* found, const ScaleAndMin& largest, uint8_t* block) {
  const float scale_factor = largest.scale > 0 ? kLargestSubScale / largest.scale : 0.0F;
  const float min_factor = largest.min > 0 ? kLargestSubScale / largest.min : 0.0F;
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    block[j] = static_cast<uint8_t>(RoundSubScale(scale_factor, found[j].scale) |
                                    (RoundSubScale(min_factor, found[j].min) << 4));
  }
  return StoreFp16(largest.scale / kLargestSubScale, block + Q2K::kScale) &&
         StoreFp16(largest.min / kLargestSubScale, block + Q2K::kMin);
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  uint8_t codes[Q2K::kBlock];
  ScaleAndMin found[kSubBlocks];
  float importance[Q2K::kBlock];
  for (uint32_t i = 0; i < Q2K::kBlock; ++i) importance[i] = std::abs(weights[i]);
  for (uint32_t j = 0; j < kSubBlocks; j += k_quants::kLanes) {
    const uint32_t first = j * Q2K::kSubBlock;
    k_quants::SearchScaleAndMin(weights + first, importance + first, Q2K::kSubBlock, kSearch,
                                found + j, codes + first);
  }
  ScaleAndMin largest;
  for (const ScaleAndMin& sub : found) {
    largest.scale = std::max(largest.scale, sub.scale);
    largest.min = std::max(largest.min, sub.min);
  }
  if (!StoreScales(found, largest, block)) return false;
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    const ScaleAndMin sub = Q2K::ScaleAndMin(block, j);
    if (sub.scale == 0) continue;
    for (uint32_t i = j * Q2K::kSubBlock; i < (j + 1) * Q2K::kSubBlock; ++i) {
      codes[i] = static_cast<uint8_t>(
          k_quants::NearestInteger((weights[i] + sub.min) / sub.scale, 0, kSearch.largest));
    }
  }
  k_quants::PackTwoBits(codes, block + Q2K::kCodes);
  return true;
}

}  // namespace

const Format& Q2KFormat() {
  static const BlockFormat kFormat(
      {.name = "q2_k",
       .title = "GGUF Q2_K",
       .block = Q2K::kBlock,
       .scales = "4-bit scale and minimum per 16, fp16 scales of both",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q2_K_ref",
       .relative_error = 2.9e-1},
      {Q2K::kBytes, &DecodeBlock, &EncodeBlock, k_quants::kLargestWeight});
  return kFormat;
}

}  // namespace quantfleet::formats
