// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bf16.hpp"

#include <cmath>
#include <cstring>
#include <string>

namespace quantfleet::formats {
namespace {

class Bf16Format final : public Format {
 public:
  std::string_view name() const override { return "bf16"; }
  bool lossless() const override { return false; }
  Status CheckShape(uint64_t rows, uint64_t columns) const override {
    return CheckNotEmpty(rows, columns);
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns * sizeof(uint16_t);
  }
  Status Encode(std::span<const float> weights, uint64_t rows, uint64_t columns,
                std::span<std::byte> packed) const override {
    QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
    QF_RETURN_IF_ERROR(CheckFinite(weights, columns));
    for (size_t i = 0; i < weights.size(); ++i) {
      const uint16_t bits = EncodeBf16(weights[i]);
      if ((bits & 0x7F80U) == 0x7F80U) {
        return InvalidArgument("the value at row " + std::to_string(i / columns) + ", column " +
                               std::to_string(i % columns) + " rounds past the largest bf16");
      }
      std::memcpy(packed.data() + i * sizeof(bits), &bits, sizeof(bits));
    }
    return OkStatus();
  }
  Status Decode(std::span<const std::byte> packed, uint64_t rows, uint64_t columns,
                std::span<float> weights) const override {
    QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
    for (size_t i = 0; i < weights.size(); ++i) {
      uint16_t bits = 0;
      std::memcpy(&bits, packed.data() + i * sizeof(bits), sizeof(bits));
      weights[i] = DecodeBf16(bits);
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
