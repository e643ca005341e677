// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/microscaling/e2m1.hpp"

#include <cmath>

namespace quantfleet::formats {

void NearestE2m1(const float* weights, float half_scale, uint8_t* codes) {
  constexpr uint32_t kCount = kNearestE2m1Count;
  // A value of the other sign is never nearer than 0: magnitudes will do. Loops over weights have
  // no branches and codes are as wide as floats, so that they vectorize.
  float magnitudes[kCount], distances[kCount];
  int32_t best[kCount] = {};
  for (uint32_t i = 0; i < kCount; ++i) distances[i] = magnitudes[i] = std::abs(weights[i]);
  for (int32_t code = 1; code < 8; ++code) {
    const float value = static_cast<float>(DoubledE2m1(static_cast<uint32_t>(code))) * half_scale;
    for (uint32_t i = 0; i < kCount; ++i) {
      const float distance = std::abs(value - magnitudes[i]);
      best[i] = distance < distances[i] ? code : best[i];
      distances[i] = distance < distances[i] ? distance : distances[i];
    }
  }
  for (uint32_t i = 0; i < kCount; ++i) {
    const int32_t sign = best[i] != 0 && weights[i] < 0 ? 8 : 0;
    codes[i] = static_cast<uint8_t>(best[i] | sign);
  }
}

}  // namespace quantfleet::formats
