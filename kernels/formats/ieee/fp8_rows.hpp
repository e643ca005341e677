// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/formats/format.hpp"

namespace quantfleet::formats {

// What the 8-bit floating-point formats share: codes row after row, then one fp32 scale a row.
// `Codec` has kInfo, kLargest, Encode (float to byte) and Decode (byte to float).
template <typename Codec>
class Fp8Rows final : public Format {
 public:
  const FormatInfo& info() const override { return Codec::kInfo; }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns + rows * sizeof(float);
  }
  std::vector<uint64_t> RowParts(uint64_t columns) const override {
    return {columns, sizeof(float)};
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override {
    float scale = 0;
    std::memcpy(&scale, packed + rows * columns + row * sizeof(float), sizeof(float));
    const std::byte* const codes = packed + row * columns;
    for (uint64_t i = 0; i < columns; ++i) {
      weights[i] = Codec::Decode(static_cast<uint8_t>(codes[i])) * scale;
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                       std::span<std::byte> packed) const override {
    for (uint64_t row = 0; row < rows; ++row) {
      const std::span<const float> from = weights.subspan(row * columns, columns);
      float absmax = 0;
      for (const float value : from) absmax = std::max(absmax, std::abs(value));
      const float scale = absmax / Codec::kLargest;
      for (uint64_t i = 0; i < columns; ++i) {
        const float scaled = scale > 0 ? from[i] / scale : std::copysign(0.0F, from[i]);
        packed[row * columns + i] = static_cast<std::byte>(Codec::Encode(scaled));
      }
      std::memcpy(packed.data() + rows * columns + row * sizeof(float), &scale, sizeof(float));
    }
    return OkStatus();
  }
};

}  // namespace quantfleet::formats
