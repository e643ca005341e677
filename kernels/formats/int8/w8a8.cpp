// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/w8a8.hpp"

#include "kernels/formats/int8/int8.hpp"

namespace quantfleet::formats {
namespace {

class W8a8Format final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {
        .name = "w8a8",
        .title = "int8 weights for int8 activations (W8A8)",
        .block = 0,
        .scales = "fp32 scale",
        .source = "SmoothQuant (arXiv 2211.10438), without smoothing; bytes as int8",
        .relative_error = 8.2e-3};
    return info;
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return Int8().PackedBytes(rows, columns);
  }
  std::vector<uint64_t> RowParts(uint64_t columns) const override {
    return {columns, sizeof(float)};
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override {
    Int8().DecodeRow(packed, rows, columns, row, weights);
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                       std::span<std::byte> packed) const override {
    return Int8().Encode(weights, rows, columns, packed);
  }
};

}  // namespace

const Format& W8a8() {
  static const W8a8Format format;
  return format;
}

}  // namespace quantfleet::formats
