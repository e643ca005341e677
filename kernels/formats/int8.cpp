// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace quantfleet::formats {
namespace {

constexpr float kLargest = 127.0F;

int8_t EncodeOne(float value, float absmax, float factor) {
  // Below absmax 127 / FLT_MAX the factor overflows; double keeps such rows exact enough.
  const float scaled =
      std::isfinite(factor)
          ? value * factor
          : static_cast<float>(static_cast<double>(value) * (127.0 / static_cast<double>(absmax)));
  return static_cast<int8_t>(std::clamp(std::nearbyint(scaled), -kLargest, kLargest));
}

class Int8Format final : public Format {
 public:
  std::string_view name() const override { return "int8"; }
  bool lossless() const override { return false; }
  Status CheckShape(uint64_t rows, uint64_t columns) const override {
    return CheckNotEmpty(rows, columns);
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns + rows * sizeof(float);
  }
  Status Encode(std::span<const float> weights, uint64_t rows, uint64_t columns,
                std::span<std::byte> packed) const override {
    QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
    QF_RETURN_IF_ERROR(CheckFinite(weights, columns));
    std::byte* const scales = packed.data() + rows * columns;
    for (uint64_t row = 0; row < rows; ++row) {
      const std::span<const float> from = weights.subspan(row * columns, columns);
      float absmax = 0;
      for (const float value : from) absmax = std::max(absmax, std::abs(value));
      const float factor = absmax > 0 ? kLargest / absmax : 0.0F;
      for (uint64_t i = 0; i < columns; ++i) {
        packed[row * columns + i] = static_cast<std::byte>(EncodeOne(from[i], absmax, factor));
      }
      const float scale = absmax / kLargest;
      std::memcpy(scales + row * sizeof(float), &scale, sizeof(float));
    }
    return OkStatus();
  }
  Status Decode(std::span<const std::byte> packed, uint64_t rows, uint64_t columns,
                std::span<float> weights) const override {
    QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
    const std::byte* const scales = packed.data() + rows * columns;
    for (uint64_t row = 0; row < rows; ++row) {
      float scale = 0;
      std::memcpy(&scale, scales + row * sizeof(float), sizeof(float));
      for (uint64_t i = row * columns; i < (row + 1) * columns; ++i) {
        weights[i] = DecodeInt8(static_cast<int8_t>(packed[i]), scale);
      }
    }
    return OkStatus();
  }
};

}  // namespace

const Format& Int8() {
  static const Int8Format format;
  return format;
}

}  // namespace quantfleet::formats
