// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int4/gptq_int4_act_order.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "kernels/formats/int4/gptq.hpp"
#include "kernels/formats/int4/words.hpp"

namespace quantfleet::formats {
namespace {

class GptqInt4ActOrderFormat final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {
        .name = "gptq_int4_act_order",
        .title = "GPTQ int4, symmetric, group 128, act-order",
        .block = kInt4Group,
        .scales = "fp16 scale, 4-bit zero less 1; an int32 group a column",
        .source = "GPTQ (arXiv 2210.17323); AutoGPTQ 9f7d370, qlinear_cuda_old.py",
        .relative_error = 1.02e-1};
    return info;
  }
  Status CheckShape(uint64_t rows, uint64_t columns) const override {
    QF_RETURN_IF_ERROR(Format::CheckShape(rows, columns));
    return CheckInt4Rows(*this, rows);
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return GptqLayout(rows, columns).groups + columns * sizeof(uint32_t);
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override {
    const std::byte* const stored = packed + GptqLayout(rows, columns).groups;
    DecodeGptqRow(packed, rows, columns, GptqColumnGroups(stored, columns), row, weights);
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                       std::span<std::byte> packed) const override {
    const std::vector<uint32_t> groups = OrderedGroups(weights, columns);
    std::memcpy(packed.data() + GptqLayout(rows, columns).groups, groups.data(),
                columns * sizeof(uint32_t));
    return EncodeGptq(weights, rows, columns, groups, packed.data());
  }
};

}  // namespace

std::vector<uint32_t> GptqColumnGroups(const std::byte* stored, uint64_t columns) {
  const auto last = static_cast<uint32_t>(columns / kInt4Group - 1);
  std::vector<uint32_t> groups(columns);
  for (uint64_t k = 0; k < columns; ++k) groups[k] = std::min(LoadWord(stored, k), last);
  return groups;
}

std::vector<uint32_t> OrderedGroups(std::span<const float> weights, uint64_t columns) {
  std::vector<double> norms(columns, 0.0);
  for (size_t i = 0; i < weights.size(); ++i) {
    norms[i % columns] += static_cast<double>(weights[i]) * static_cast<double>(weights[i]);
  }
  std::vector<uint32_t> order(columns);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return norms[a] > norms[b]; });
  std::vector<uint32_t> groups(columns);
  for (uint64_t place = 0; place < columns; ++place) {
    groups[order[place]] = static_cast<uint32_t>(place / kInt4Group);
  }
  return groups;
}

const Format& GptqInt4ActOrder() {
  static const GptqInt4ActOrderFormat format;
  return format;
}

}  // namespace quantfleet::formats
