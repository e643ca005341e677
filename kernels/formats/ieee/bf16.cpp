// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/ieee/bf16.hpp"

#include <cstring>

namespace quantfleet::formats {
namespace {

class Bf16Format final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {.name = "bf16",
                                        .title = "bfloat16",
                                        .block = 1,
                                        .scales = "",
                                        .source = "upper half of IEEE binary32",
                                        .relative_error = 1.7e-3};
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
      weights[i] = DecodeBf16(bits);
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t, uint64_t columns,
                       std::span<std::byte> packed) const override {
    for (size_t i = 0; i < weights.size(); ++i) {
      const uint16_t bits = EncodeBf16(weights[i]);
      if ((bits & 0x7F80U) == 0x7F80U) {
        return ValueError(i, columns, "rounds past the largest bf16");
      }
      std::memcpy(packed.data() + i * sizeof(bits), &bits, sizeof(bits));
    }
    return OkStatus();
  }
};

}  // namespace

const Format& Bf16() {
  static const Bf16Format format;
  return format;
}

}  // namespace quantfleet::formats
