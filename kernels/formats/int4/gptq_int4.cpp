// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int4/gptq_int4.hpp"

#include <vector>

#include "kernels/formats/int4/gptq.hpp"
#include "kernels/formats/int4/words.hpp"

namespace quantfleet::formats {
namespace {

std::vector<uint32_t> NeighboursAsGroups(uint64_t columns) {
  std::vector<uint32_t> groups(columns);
  for (uint64_t k = 0; k < columns; ++k) groups[k] = static_cast<uint32_t>(k / kInt4Group);
  return groups;
}

class GptqInt4Format final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {
        .name = "gptq_int4",
        .title = "GPTQ int4, symmetric, group 128",
        .block = kInt4Group,
        .scales = "fp16 scale, 4-bit zero less 1",
        .source = "GPTQ (arXiv 2210.17323); AutoGPTQ 9f7d370, qlinear_cuda_old.py",
        .relative_error = 1.02e-1};
    return info;
  }
  Status CheckShape(uint64_t rows, uint64_t columns) const override {
    QF_RETURN_IF_ERROR(Format::CheckShape(rows, columns));
    return CheckInt4Rows(*this, rows);
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return GptqLayout(rows, columns).groups;
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override {
    DecodeGptqRow(packed, rows, columns, NeighboursAsGroups(columns), row, weights);
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                       std::span<std::byte> packed) const override {
    return EncodeGptq(weights, rows, columns, NeighboursAsGroups(columns), packed.data());
  }
};

}  // namespace

const Format& GptqInt4() {
  static const GptqInt4Format format;
  return format;
}

}  // namespace quantfleet::formats
