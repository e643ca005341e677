// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/microscaling/e2m1.hpp"

#include <cmath>
#include <limits>

namespace quantfleet::formats {

uint8_t NearestE2m1(float x, float half_scale) {
  uint32_t best = 0;
  float best_distance = std::abs(x);
  for (uint32_t code = 1; code < 16; ++code) {
    const float distance = std::abs(static_cast<float>(DoubledE2m1(code)) * half_scale - x);
    if (distance < best_distance) {
      best = code;
      best_distance = distance;
    }
  }
  return static_cast<uint8_t>(best);
}

}  // namespace quantfleet::formats
