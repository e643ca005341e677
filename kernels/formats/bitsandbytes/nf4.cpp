// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bitsandbytes/nf4.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

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
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {
        .name = "nf4",
        .title = "4-bit NormalFloat",
        .block = kNf4Block,
        .scales = "fp32 absmax",
        .source = "QLoRA (arXiv 2305.14314); bitsandbytes 95f9af30, csrc/cpu_ops.cpp",
        .relative_error = 9.1e-2};
    return info;
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns / 2 + rows * columns / kNf4Block * sizeof(float);
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override {
    const std::byte* const codes = packed + row * columns / 2;
    const std::byte* const scales =
        packed + rows * columns / 2 + row * columns / kNf4Block * sizeof(float);
    for (size_t i = 0; i < columns; i += 2) {
      float absmax = 0;
      std::memcpy(&absmax, scales + i / kNf4Block * sizeof(float), sizeof(float));
      const auto pair = static_cast<uint32_t>(codes[i / 2]);
      weights[i] = DecodeNf4(pair >> 4, absmax);
      weights[i + 1] = DecodeNf4(pair & 15U, absmax);
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t, uint64_t,
                       std::span<std::byte> packed) const override {
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
};

}  // namespace

const Format& Nf4() {
  static const Nf4Format format;
  return format;
}

}  // namespace quantfleet::formats
