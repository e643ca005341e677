// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int4/gptq.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/formats/int4/words.hpp"

namespace quantfleet::formats {
namespace {

constexpr int kZero = 8;

// Stores the scales of one row and returns them as stored, by group.
Status StoreScales(std::span<const float> values, size_t first, uint64_t rows, uint64_t columns,
                   std::span<const uint32_t> groups, std::byte* to, std::vector<float>& scales) {
  std::vector<size_t> largest(columns / kInt4Group, columns);
  for (size_t k = 0; k < columns; ++k) {
    size_t& index = largest[groups[k]];
    if (index == columns || std::abs(values[k]) > std::abs(values[index])) index = k;
  }
  for (size_t group = 0; group < largest.size(); ++group) {
    const uint64_t place = group * rows + first / columns;
    const float absmax = std::abs(values[largest[group]]);
    // Not 2 absmax / 15, which may overflow on the way.
    scales[group] = StoreScale(to, place, absmax / (kLargestInt4 / 2));
    if (!std::isfinite(scales[group])) {
      return ValueError(first + largest[group], columns,
                        "needs a scale past the largest fp16, 65504");
    }
    if (scales[group] == 0) StoreScale(to, place, 2.0F / kLargestInt4);
  }
  return OkStatus();
}

}  // namespace

GptqLayout::GptqLayout(uint64_t rows, uint64_t columns)
    : zeros(columns / kCodesPerWord * rows * sizeof(uint32_t)),
      scales(zeros + columns / kInt4Group * (rows / kCodesPerWord) * sizeof(uint32_t)),
      groups(scales + columns / kInt4Group * rows * sizeof(uint16_t)) {}

void DecodeGptqRow(const std::byte* packed, uint64_t rows, uint64_t columns,
                   std::span<const uint32_t> groups, uint64_t row, float* weights) {
  const GptqLayout layout(rows, columns);
  const uint64_t words = rows / kCodesPerWord;
  for (uint64_t k = 0; k < columns; ++k) {
    const uint64_t group = groups[k];
    const uint32_t zeros = LoadWord(packed + layout.zeros, group * words + row / kCodesPerWord);
    const auto zero = static_cast<int>((zeros >> (4 * (row % kCodesPerWord))) & 15U) + 1;
    const uint32_t word = LoadWord(packed, k / kCodesPerWord * rows + row);
    const auto code = static_cast<int>((word >> (4 * (k % kCodesPerWord))) & 15U);
    weights[k] =
        static_cast<float>(code - zero) * LoadScale(packed + layout.scales, group * rows + row);
  }
}

Status EncodeGptq(std::span<const float> weights, uint64_t rows, uint64_t columns,
                  std::span<const uint32_t> groups, std::byte* packed) {
  const GptqLayout layout(rows, columns);
  std::fill(packed, packed + layout.zeros, std::byte{0});
  // Zero 8 is stored as 7, in every nibble.
  std::fill(packed + layout.zeros, packed + layout.scales, std::byte{0x77});
  std::vector<float> scales(columns / kInt4Group);
  for (uint64_t row = 0; row < rows; ++row) {
    const auto values = weights.subspan(row * columns, columns);
    QF_RETURN_IF_ERROR(
        StoreScales(values, row * columns, rows, columns, groups, packed + layout.scales, scales));
    for (uint64_t k = 0; k < columns; ++k) {
      const float scale = scales[groups[k]];
      const float steps = scale > 0 ? std::nearbyint(values[k] / scale) : 0.0F;
      const float code = std::clamp(steps + float{kZero}, 0.0F, kLargestInt4);
      AddNibble(packed, k / kCodesPerWord * rows + row, k % kCodesPerWord,
                static_cast<uint32_t>(code));
    }
  }
  return OkStatus();
}

}  // namespace quantfleet::formats
