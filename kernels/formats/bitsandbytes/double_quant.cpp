// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bitsandbytes/double_quant.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/bitsandbytes/dynamic_map.hpp"

namespace quantfleet::formats {

DoubleQuantLayout::DoubleQuantLayout(uint64_t weights)
    : blocks(weights / kFourBitBlock),
      absmax8(weights / 2),
      absmax2(absmax8 + blocks),
      offset(absmax2 + (blocks + kAbsmaxBlock - 1) / kAbsmaxBlock * sizeof(float)),
      end(offset + sizeof(float)) {}

float MeanAbsmax(std::span<const float> absmax) {
  if (absmax.empty()) return 0;
  double sum = 0;
  for (const float value : absmax) sum += static_cast<double>(value);
  return static_cast<float>(sum / static_cast<double>(absmax.size()));
}

void EncodeAbsmax(std::span<const float> absmax, float offset, std::byte* absmax8,
                  std::span<float> absmax2) {
  for (size_t group = 0; group < absmax2.size(); ++group) {
    const size_t first = group * kAbsmaxBlock;
    const auto part = absmax.subspan(first, std::min<size_t>(kAbsmaxBlock, absmax.size() - first));
    float largest = 0;
    for (const float value : part) largest = std::max(largest, std::abs(value - offset));
    const float factor = 1.0F / largest;
    for (size_t i = 0; i < part.size(); ++i) {
      const float difference = part[i] - offset;
      // The reciprocal of a subnormal overflows; of zero there is none.
      const float scaled = std::isfinite(factor) ? difference * factor
                           : largest > 0         ? difference / largest
                                                 : 0.0F;
      absmax8[first + i] = static_cast<std::byte>(EncodeDynamicMap(scaled));
    }
    absmax2[group] = largest;
  }
}

float DecodeAbsmax(const std::byte* packed, const DoubleQuantLayout& layout, uint64_t block) {
  float absmax2 = 0;
  float offset = 0;
  std::memcpy(&absmax2, packed + layout.absmax2 + block / kAbsmaxBlock * sizeof(float),
              sizeof(float));
  std::memcpy(&offset, packed + layout.offset, sizeof(float));
  return DynamicMap()[static_cast<uint8_t>(packed[layout.absmax8 + block])] * absmax2 + offset;
}

}  // namespace quantfleet::formats
