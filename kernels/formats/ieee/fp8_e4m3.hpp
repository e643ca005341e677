// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/float_bits.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// 8-bit floating point with 4 exponent and 3 mantissa bits (bias 7, no infinity, codes 0x7F and
// 0xFF are NaN, largest value 448) and one scale a row (output channel): scale = absmax / 448, code
// = x / scale rounded to nearest even, both in fp32. Packed: rows * columns bytes, then rows fp32
// scales. A row whose scale rounds to 0 gets zeros; the signs of zeros are kept.
// Codes: OCP 8-bit Floating Point Specification 1.0, type E4M3. The rule for the scale is ours.
const Format& Fp8E4m3();

inline constexpr float kFp8E4m3Largest = 448.0F;

// Exact. 0x7F and 0xFF give a quiet NaN.
QF_HOST_DEVICE inline float DecodeFp8E4m3(uint8_t code) {
  const uint32_t sign = (code & 0x80U) << 24;
  const uint32_t magnitude = code & 0x7FU;
  if (magnitude == 0x7FU) return FloatOfBits(sign | 0x7FC00000U);
  if (magnitude < 8) {
    // Zero or subnormal: steps of 2^-9.
    return FloatOfBits(sign | BitsOfFloat(static_cast<float>(magnitude) * 0x1p-9F));
  }
  // The exponent's bias goes from 7 to 127.
  return FloatOfBits(sign | ((magnitude << 20) + (120U << 23)));
}

// Nearest value, ties to even. Saturates: past 448, infinity too, it gives 448. NaN gives 0x7F.
QF_HOST_DEVICE inline uint8_t EncodeFp8E4m3(float value) {
  const uint32_t bits = BitsOfFloat(value);
  const uint32_t sign = (bits >> 24) & 0x80U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return 0x7F;
  if (magnitude >= 0x43E00000U) return static_cast<uint8_t>(sign | 0x7EU);  // 448
  uint32_t code = 0;
  if (magnitude < 0x3C800000U) {  // 2^-6
    // The floats from 2^14 on lie 2^-9 apart, as the subnormals do: the sum rounds for us.
    code = BitsOfFloat(FloatOfBits(magnitude) + 0x1p14F) - 0x46800000U;
  } else {
    code = (magnitude + 0x7FFFFU + ((magnitude >> 20) & 1U) - (120U << 23)) >> 20;
  }
  return static_cast<uint8_t>(sign | code);
}

}  // namespace quantfleet::formats
