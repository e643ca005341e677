// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/ieee/fp32.hpp"

#include <cstring>

namespace quantfleet::formats {
namespace {

class Fp32Format final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {.name = "fp32",
                                        .title = "IEEE binary32",
                                        .block = 1,
                                        .scales = "",
                                        .source = "IEEE 754-2019",
                                        .relative_error = 0};
    return info;
  }
  bool lossless() const override { return true; }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * columns * sizeof(float);
  }
  void DecodeRow(const std::byte* packed, uint64_t, uint64_t columns, uint64_t row,
                 float* weights) const override {
    std::memcpy(weights, packed + row * columns * sizeof(float), columns * sizeof(float));
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t, uint64_t,
                       std::span<std::byte> packed) const override {
    std::memcpy(packed.data(), weights.data(), packed.size());
    return OkStatus();
  }
};

}  // namespace

const Format& Fp32() {
  static const Fp32Format format;
  return format;
}

}  // namespace quantfleet::formats
