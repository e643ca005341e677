// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/nf4.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

namespace quantfleet::formats {
namespace {

constexpr float kSmallestAbsmax = 1e-38F;

// Counting instead of searching keeps the loop free of branches, so that it vectorizes.
void EncodeBlock(const float* weights, float absmax, std::byte* packed) {
  const float factor = 1.0F / std::max(absmax, kSmallestAbsmax);
  std::array<int, kNf4Block> codes{};
  for (const float threshold : kNf4Thresholds) {
    for (size_t i = 0; i < kNf4Block; ++i) codes[i] += weights[i] * factor > threshold ? 1 : 0;
  }
  for (size_t i = 0; i < kNf4Block / 2; ++i) {
    packed[i] = static_cast<std::byte>((codes[2 * i] << 4) | codes[2 * i + 1]);
  }
}

class Nf4Format final : public Format {
 public:
  std::string_view name() const override { return "nf4"; }
  bool lossless() const override { return false; }
  Status CheckShape(uint64_t rows, uint64_t columns) const override {
    QF_RETURN_IF_ERROR(CheckNotEmpty(rows, columns));
    if (columns % kNf4Block == 0) return OkStatus();
    return InvalidArgument("nf4 needs columns in whole blocks of 64, not " +
                           std::to_string(columns));
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns / 2 + rows * columns / kNf4Block * sizeof(float);
  }
  Status Encode(std::span<const float> weights, uint64_t rows, uint64_t columns,
                std::span<std::byte> packed) const override {
    QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
    QF_RETURN_IF_ERROR(CheckFinite(weights, columns));
    std::byte* const scales = packed.data() + weights.size() / 2;
    for (size_t block = 0; block < weights.size() / kNf4Block; ++block) {
      const float* const from = weights.data() + block * kNf4Block;
      float absmax = 0;
      for (size_t i = 0; i < kNf4Block; ++i) absmax = std::max(absmax, std::abs(from[i]));
      EncodeBlock(from, absmax, packed.data() + block * (kNf4Block / 2));
      std::memcpy(scales + block * sizeof(float), &absmax, sizeof(float));
    }
    return OkStatus();
  }
  Status Decode(std::span<const std::byte> packed, uint64_t rows, uint64_t columns,
                std::span<float> weights) const override {
    QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
    const std::byte* const scales = packed.data() + weights.size() / 2;
    for (size_t i = 0; i < weights.size(); i += 2) {
      float absmax = 0;
      std::memcpy(&absmax, scales + i / kNf4Block * sizeof(float), sizeof(float));
      const auto pair = static_cast<uint32_t>(packed[i / 2]);
      weights[i] = DecodeNf4(pair >> 4, absmax);
      weights[i + 1] = DecodeNf4(pair & 15U, absmax);
    }
    return OkStatus();
  }
};

}  // namespace

const Format& Nf4() {
  static const Nf4Format format;
  return format;
}

}  // namespace quantfleet::formats
