// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/formats/format.hpp"

// What nf4 and fp4 share: blocks of 64 along the flat order, element 2i in the high nibble of byte
// i, 2i + 1 in the low one. `Code` is the data type: kInfo, kThresholds (15, ascending), kOrder
// (the code of each count of thresholds below x / absmax) and Decode(code, absmax).
namespace quantfleet::formats {

inline constexpr uint32_t kFourBitBlock = 64;

inline float AbsmaxOfFourBitBlock(const float* weights) {
  float absmax = 0;
  for (size_t i = 0; i < kFourBitBlock; ++i) absmax = std::max(absmax, std::abs(weights[i]));
  return absmax;
}

// x is multiplied by the fp32 reciprocal of absmax, clamped to 1e-38. Counting instead of searching
// keeps the loop free of branches, so that it vectorizes.
template <typename Code>
void EncodeFourBitBlock(const float* weights, float absmax, std::byte* packed) {
  const float factor = 1.0F / std::max(absmax, 1e-38F);
  std::array<uint32_t, kFourBitBlock> counts{};
  for (const float threshold : Code::kThresholds) {
    for (size_t i = 0; i < kFourBitBlock; ++i) {
      counts[i] += weights[i] * factor > threshold ? 1U : 0U;
    }
  }
  for (size_t i = 0; i < kFourBitBlock / 2; ++i) {
    packed[i] = static_cast<std::byte>((Code::kOrder[counts[2 * i]] << 4) |
                                       Code::kOrder[counts[2 * i + 1]]);
  }
}

template <typename Code>
void DecodeFourBitBlock(const std::byte* packed, float absmax, float* weights) {
  for (size_t i = 0; i < kFourBitBlock / 2; ++i) {
    const auto pair = static_cast<uint32_t>(packed[i]);
    weights[2 * i] = Code::Decode(pair >> 4, absmax);
    weights[2 * i + 1] = Code::Decode(pair & 15U, absmax);
  }
}

// All nibbles, then one fp32 absmax a block.
template <typename Code>
class FourBitFormat final : public Format {
 public:
  const FormatInfo& info() const override { return Code::kInfo; }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns / 2 + rows * columns / kFourBitBlock * sizeof(float);
  }
  std::vector<uint64_t> RowParts(uint64_t columns) const override {
    return {columns / 2, columns / kFourBitBlock * sizeof(float)};
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override {
    const uint64_t first = row * columns / kFourBitBlock;
    const std::byte* const scales = packed + rows * columns / 2;
    for (uint64_t block = 0; block < columns / kFourBitBlock; ++block) {
      float absmax = 0;
      std::memcpy(&absmax, scales + (first + block) * sizeof(float), sizeof(float));
      DecodeFourBitBlock<Code>(packed + (first + block) * (kFourBitBlock / 2), absmax,
                               weights + block * kFourBitBlock);
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t, uint64_t,
                       std::span<std::byte> packed) const override {
    std::byte* const scales = packed.data() + weights.size() / 2;
    for (size_t block = 0; block < weights.size() / kFourBitBlock; ++block) {
      const float* const from = weights.data() + block * kFourBitBlock;
      const float absmax = AbsmaxOfFourBitBlock(from);
      EncodeFourBitBlock<Code>(from, absmax, packed.data() + block * (kFourBitBlock / 2));
      std::memcpy(scales + block * sizeof(float), &absmax, sizeof(float));
    }
    return OkStatus();
  }
};

}  // namespace quantfleet::formats
