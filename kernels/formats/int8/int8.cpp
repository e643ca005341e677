// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/int8.hpp"

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

// The scale of the very largest floats rounds up.
Status TooLarge(std::span<const float> weights, uint64_t row, uint64_t columns, float absmax) {
  const auto from = weights.subspan(row * columns, columns);
  const auto largest = std::find_if(from.begin(), from.end(),
                                    [&](float value) { return std::abs(value) == absmax; });
  return ValueError(row * columns + static_cast<size_t>(largest - from.begin()), columns,
                    "is so large that it would be decoded to infinity");
}

class Int8Format final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {
        .name = "int8",
        .title = "int8 per output channel (W8A16)",
        .block = 0,
        .scales = "fp32 scale",
        .source = "bitsandbytes 95f9af30, backends/default/ops.py, int8_vectorwise_quant",
        .relative_error = 8.2e-3};
    return info;
  }
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
    for (uint64_t i = 0; i < columns; ++i) {
      weights[i] = DecodeInt8(static_cast<int8_t>(packed[row * columns + i]), scale);
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                       std::span<std::byte> packed) const override {
    std::byte* const scales = packed.data() + rows * columns;
    for (uint64_t row = 0; row < rows; ++row) {
      const float absmax =
          EncodeInt8Row(weights.subspan(row * columns, columns), packed.data() + row * columns);
      const float scale = absmax / kLargest;
      if (!std::isfinite(DecodeInt8(127, scale))) return TooLarge(weights, row, columns, absmax);
      std::memcpy(scales + row * sizeof(float), &scale, sizeof(float));
    }
    return OkStatus();
  }
};

}  // namespace

float EncodeInt8Row(std::span<const float> row, std::byte* codes) {
  float absmax = 0;
  for (const float value : row) absmax = std::max(absmax, std::abs(value));
  const float factor = absmax > 0 ? kLargest / absmax : 0.0F;
  for (size_t i = 0; i < row.size(); ++i) {
    codes[i] = static_cast<std::byte>(EncodeOne(row[i], absmax, factor));
  }
  return absmax;
}

const Format& Int8() {
  static const Int8Format format;
  return format;
}

}  // namespace quantfleet::formats
