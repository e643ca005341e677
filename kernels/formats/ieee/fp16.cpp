// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/ieee/fp16.hpp"

#include <cstring>

namespace quantfleet::formats {
namespace {

class Fp16Format final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {.name = "fp16",
                                        .title = "IEEE binary16",
                                        .block = 1,
                                        .scales = "",
                                        .source = "IEEE 754-2019",
                                        .relative_error = 2.1e-4};
    return info;
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns * sizeof(uint16_t);
  }
  void DecodeRow(const std::byte* packed, uint64_t, uint64_t columns, uint64_t row,
                 float* weights) const override {
    const std::byte* const from = packed + row * columns * sizeof(uint16_t);
    for (size_t i = 0; i < columns; ++i) {
      uint16_t bits = 0;
      std::memcpy(&bits, from + i * sizeof(bits), sizeof(bits));
      weights[i] = DecodeFp16(bits);
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t, uint64_t columns,
                       std::span<std::byte> packed) const override {
    for (size_t i = 0; i < weights.size(); ++i) {
      const uint16_t bits = EncodeFp16(weights[i]);
      if ((bits & 0x7C00U) == 0x7C00U) {
        return ValueError(i, columns, "rounds past the largest fp16, 65504");
      }
      std::memcpy(packed.data() + i * sizeof(bits), &bits, sizeof(bits));
    }
    return OkStatus();
  }
};

}  // namespace

const Format& Fp16() {
  static const Fp16Format format;
  return format;
}

}  // namespace quantfleet::formats
