// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int4/awq_int4.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/int4/words.hpp"

namespace quantfleet::formats {
namespace {

// Smallest range of a group.
constexpr float kLeastRange = 1e-5F;

// Where the parts begin. Bytes.
struct Layout {
  Layout(uint64_t rows, uint64_t columns)
      : words(rows / kCodesPerWord),
        zeros(columns * words * sizeof(uint32_t)),
        scales(zeros + columns / kInt4Group * words * sizeof(uint32_t)),
        end(scales + columns / kInt4Group * rows * sizeof(uint16_t)) {}
  uint64_t words;  // of a column
  uint64_t zeros;
  uint64_t scales;
  uint64_t end;
};

class AwqInt4Format final : public Format {
 public:
  const FormatInfo& info() const override {
    static constexpr FormatInfo info = {.name = "awq_int4",
                                        .title = "AWQ int4, group 128 (AutoAWQ GEMM layout)",
                                        .block = kInt4Group,
                                        .scales = "fp16 scale, 4-bit zero",
                                        .source = "AWQ (arXiv 2306.00978); AutoAWQ 88e4c76",
                                        .relative_error = 9.4e-2};
    return info;
  }
  Status CheckShape(uint64_t rows, uint64_t columns) const override {
    QF_RETURN_IF_ERROR(Format::CheckShape(rows, columns));
    return CheckInt4Rows(*this, rows);
  }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return Layout(rows, columns).end;
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override {
    const Layout layout(rows, columns);
    const uint64_t word = row / kCodesPerWord;
    const uint32_t shift = 4 * AwqNibble(static_cast<uint32_t>(row % kCodesPerWord));
    for (uint64_t group = 0; group < columns / kInt4Group; ++group) {
      const float scale = LoadScale(packed + layout.scales, group * rows + row);
      const auto zero = static_cast<int>(
          (LoadWord(packed + layout.zeros, group * layout.words + word) >> shift) & 15U);
      for (uint64_t k = group * kInt4Group; k < (group + 1) * kInt4Group; ++k) {
        const auto code =
            static_cast<int>((LoadWord(packed, k * layout.words + word) >> shift) & 15U);
        weights[k] = static_cast<float>(code - zero) * scale;
      }
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                       std::span<std::byte> packed) const override {
    std::fill(packed.begin(), packed.end(), std::byte{0});
    for (uint64_t row = 0; row < rows; ++row) {
      for (uint64_t group = 0; group < columns / kInt4Group; ++group) {
        QF_RETURN_IF_ERROR(EncodeGroup(weights, rows, columns, row, group, packed.data()));
      }
    }
    return OkStatus();
  }

 private:
  static Status EncodeGroup(std::span<const float> weights, uint64_t rows, uint64_t columns,
                            uint64_t row, uint64_t group, std::byte* packed) {
    const Layout layout(rows, columns);
    const uint64_t first = row * columns + group * kInt4Group;
    const auto values = weights.subspan(first, kInt4Group);
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    const float scale = StoreScale(packed + layout.scales, group * rows + row,
                                   std::max(*most - *least, kLeastRange) / kLargestInt4);
    if (!std::isfinite(scale)) {
      const auto largest = std::abs(*most) < std::abs(*least) ? least : most;
      return ValueError(first + static_cast<size_t>(largest - values.begin()), columns,
                        "needs a scale past the largest fp16, 65504");
    }
    const uint64_t word = row / kCodesPerWord;
    const uint64_t nibble = AwqNibble(static_cast<uint32_t>(row % kCodesPerWord));
    const float zero = std::clamp(-std::nearbyint(*least / scale), 0.0F, kLargestInt4);
    AddNibble(packed + layout.zeros, group * layout.words + word, nibble,
              static_cast<uint32_t>(zero));
    for (uint64_t i = 0; i < kInt4Group; ++i) {
      const float code = std::clamp(std::nearbyint(values[i] / scale) + zero, 0.0F, kLargestInt4);
      AddNibble(packed, (group * kInt4Group + i) * layout.words + word, nibble,
                static_cast<uint32_t>(code));
    }
    return OkStatus();
  }
};

}  // namespace

const Format& AwqInt4() {
  static const AwqInt4Format format;
  return format;
}

}  // namespace quantfleet::formats
