// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bitsandbytes/dynamic_map.hpp"

#include <algorithm>
#include <array>

namespace quantfleet::formats {
namespace {

constexpr std::array<float, 256> MakeMap() {
  std::array<float, 256> map{};
  for (uint32_t i = 0; i < kDynamicMapPositives; ++i) {
    map[kDynamicMapZero + 1 + i] = kDynamicMapPositive[i];
    // 1 has no negative.
    if (i + 1 < kDynamicMapPositives) map[kDynamicMapZero - 1 - i] = -kDynamicMapPositive[i];
  }
  return map;
}

constexpr std::array<float, 256> kMap = MakeMap();

}  // namespace

std::span<const float, 256> DynamicMap() {
  return kMap;
}

uint8_t EncodeDynamicMap(float x) {
  const auto above = std::lower_bound(kMap.begin(), kMap.end(), x);
  if (above == kMap.begin()) return 0;
  if (above == kMap.end()) return 255;
  const auto below = above - 1;
  return static_cast<uint8_t>((*above - x < x - *below ? above : below) - kMap.begin());
}

}  // namespace quantfleet::formats
