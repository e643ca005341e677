// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/llm_int8.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/formats/int8/int8.hpp"

namespace quantfleet::formats {
namespace {

class LlmInt8Format final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {
        .name = "llm_int8",
        .title = "LLM.int8() row-wise int8",
        .block = 0,
        .scales = "fp32 absmax",
        .source = "LLM.int8() (arXiv 2208.07339); bitsandbytes 95f9af30",
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
    float absmax = 0;
    std::memcpy(&absmax, packed + rows * columns + row * sizeof(float), sizeof(float));
    for (uint64_t i = 0; i < columns; ++i) {
      weights[i] = DecodeLlmInt8(static_cast<int8_t>(packed[row * columns + i]), absmax);
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                       std::span<std::byte> packed) const override {
    for (uint64_t row = 0; row < rows; ++row) {
      const std::span<const float> from = weights.subspan(row * columns, columns);
      const float absmax = EncodeInt8Row(from, packed.data() + row * columns);
      if (!std::isfinite(absmax * 127.0F)) {
        const auto largest = std::find_if(from.begin(), from.end(),
                                          [&](float value) { return std::abs(value) == absmax; });
        return ValueError(row * columns + static_cast<size_t>(largest - from.begin()), columns,
                          "is so large that llm_int8 decodes it to infinity");
      }
      std::memcpy(packed.data() + rows * columns + row * sizeof(float), &absmax, sizeof(float));
    }
    return OkStatus();
  }
};

}  // namespace

const Format& LlmInt8() {
  static const LlmInt8Format format;
  return format;
}

}  // namespace quantfleet::formats
