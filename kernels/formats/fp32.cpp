// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/fp32.hpp"

#include <cstring>

namespace quantfleet::formats {
namespace {

class Fp32Format final : public Format {
 public:
  std::string_view name() const override { return "fp32"; }
  bool lossless() const override { return true; }
  Status CheckShape(uint64_t rows, uint64_t columns) const override {
    return CheckNotEmpty(rows, columns);
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns * sizeof(float);
  }
  Status Encode(std::span<const float> weights, uint64_t rows, uint64_t columns,
                std::span<std::byte> packed) const override {
    QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
    QF_RETURN_IF_ERROR(CheckFinite(weights, columns));
    std::memcpy(packed.data(), weights.data(), packed.size());
    return OkStatus();
  }
  Status Decode(std::span<const std::byte> packed, uint64_t rows, uint64_t columns,
                std::span<float> weights) const override {
    QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
    std::memcpy(weights.data(), packed.data(), packed.size());
    return OkStatus();
  }
};

}  // namespace

const Format& Fp32() {
  static const Fp32Format format;
  return format;
}

}  // namespace quantfleet::formats
