// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/formats/float_bits.hpp"

namespace quantfleet::formats::k_quants {

// Nearest integer, halves to even, for magnitudes below 2^22. Beyond that, and for infinities and
// NaN, some integer within 2^22 that depends on the bits alone. Source: nearest_int in
// src/ggml-quants.c of ggml-org/ggml d99724f2.
inline int32_t NearestInteger(float x) {
  // 1.5 * 2^23: the sum's last mantissa bit is worth 1, so that it is rounded to an integer.
  constexpr float kShift = 12582912.0F;
  return static_cast<int32_t>(BitsOfFloat(x + kShift) & 0x7FFFFFU) - 0x400000;
}

// The same, clamped.
inline int32_t NearestInteger(float x, int32_t lowest, int32_t highest) {
  return std::max(lowest, std::min(highest, NearestInteger(x)));
}

// The same as a float, clamped to floats: vector units clamp those faster.
inline float NearestIntegral(float x, float lowest, float highest) {
  return std::max(lowest, std::min(highest, static_cast<float>(NearestInteger(x))));
}

}  // namespace quantfleet::formats::k_quants
