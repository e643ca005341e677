// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/block_format.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace quantfleet::formats {

void BlockFormat::DecodeRow(const std::byte* packed, uint64_t, uint64_t columns, uint64_t row,
                            float* weights) const {
  const uint64_t blocks = columns / info_.block;
  const auto* const first = reinterpret_cast<const uint8_t*>(packed) + row * blocks * codec_.bytes;
  for (uint64_t i = 0; i < blocks; ++i) {
    codec_.decode(first + i * codec_.bytes, weights + i * info_.block);
  }
}

Status BlockFormat::EncodeChecked(std::span<const float> weights, uint64_t, uint64_t columns,
                                  std::span<std::byte> packed) const {
  auto* const first = reinterpret_cast<uint8_t*>(packed.data());
  for (size_t i = 0; i < weights.size() / info_.block; ++i) {
    const std::span<const float> from = weights.subspan(i * info_.block, info_.block);
    uint32_t too_large = 0;
    for (const float weight : from) {
      too_large |= std::abs(weight) > codec_.largest_weight ? 1U : 0U;
    }
    if (too_large == 0 && codec_.encode(from.data(), first + i * codec_.bytes)) continue;
    const auto largest = std::max_element(
        from.begin(), from.end(), [](float a, float b) { return std::abs(a) < std::abs(b); });
    return ValueError(i * info_.block + static_cast<size_t>(largest - from.begin()), columns,
                      "is too large for the scales of " + std::string(name()));
  }
  return OkStatus();
}

}  // namespace quantfleet::formats
