// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/six_bit.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/gguf/k/nearest_integer.hpp"
#include "kernels/formats/ieee/fp16.hpp"

namespace quantfleet::formats::k_quants {
namespace {

constexpr uint32_t kSubBlock = 32;
constexpr uint32_t kLargestSubScale = 63;
constexpr uint32_t kSubBlocks = kBlock / kSubBlock;

void Weigh(const float* weights, float* importance) {
  float sum = 0;
  for (uint32_t i = 0; i < kSubBlock; ++i) sum += weights[i] * weights[i];
  const float typical = std::sqrt(sum / kSubBlock);
  for (uint32_t i = 0; i < kSubBlock; ++i) importance[i] = typical + std::abs(weights[i]);
}

uint32_t RoundSubScale(float factor, float value) {
  return std::min(kLargestSubScale, uint32_t{static_cast<uint8_t>(NearestInteger(factor * value))});
}

}  // namespace

void EncodeSixBit(const float* weights, const GridSearch& search, SixBitBlock* block) {
  float importance[kBlock];
  for (uint32_t i = 0; i < kBlock; i += kSubBlock) Weigh(weights + i, importance + i);
  ScaleAndMin found[kSubBlocks];
  for (uint32_t j = 0; j < kSubBlocks; j += kLanes) {
    const uint32_t first = j * kSubBlock;
    SearchScaleAndMin(weights + first, importance + first, kSubBlock, search, found + j,
                      block->codes + first);
  }
  ScaleAndMin largest;
  for (const ScaleAndMin& sub : found) {
    largest.scale = std::max(largest.scale, sub.scale);
    largest.min = std::max(largest.min, sub.min);
  }
  const float scale_factor = largest.scale > 0 ? kLargestSubScale / largest.scale : 0.0F;
  const float min_factor = largest.min > 0 ? kLargestSubScale / largest.min : 0.0F;
  block->d = largest.scale / kLargestSubScale;
  block->dmin = largest.min / kLargestSubScale;
  for (uint32_t j = 0; j < kSubBlocks; ++j) {
    SixBitPair& pair = block->pairs[j];
    pair = {RoundSubScale(scale_factor, found[j].scale), RoundSubScale(min_factor, found[j].min)};
    const float scale = DecodeFp16(EncodeFp16(block->d)) * static_cast<float>(pair.scale);
    if (scale == 0) continue;
    const float min = DecodeFp16(EncodeFp16(block->dmin)) * static_cast<float>(pair.min);
    for (uint32_t i = j * kSubBlock; i < (j + 1) * kSubBlock; ++i) {
      block->codes[i] =
          static_cast<uint8_t>(NearestInteger((weights[i] + min) / scale, 0, search.largest));
    }
  }
}

}  // namespace quantfleet::formats::k_quants
