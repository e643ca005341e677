// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/activations.hpp"

#include <cmath>

#include "kernels/formats/int8/int8.hpp"

namespace quantfleet::formats {

std::vector<uint32_t> OutlierColumns(std::span<const float> values, uint64_t columns,
                                     float threshold) {
  std::vector<bool> outlier(columns, false);
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::abs(values[i]) >= threshold) outlier[i % columns] = true;
  }
  std::vector<uint32_t> found;
  for (uint32_t column = 0; column < columns; ++column) {
    if (outlier[column]) found.push_back(column);
  }
  return found;
}

float QuantizeLlmInt8Row(std::span<const float> row, float threshold,
                         std::span<const uint32_t> outlier_columns, std::byte* codes) {
  // Only the outliers themselves leave the absmax; their columns' other elements still count.
  std::vector<float> kept(row.begin(), row.end());
  for (float& value : kept) {
    if (std::abs(value) >= threshold) value = 0;
  }
  const float absmax = EncodeInt8Row(kept, codes);
  for (const uint32_t column : outlier_columns) codes[column] = std::byte{0};
  return absmax;
}

float QuantizeToken(std::span<const float> row, std::byte* codes) {
  return EncodeInt8Row(row, codes) / 127.0F;
}

}  // namespace quantfleet::formats
