// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/float_bits.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"
#include "kernels/formats/ieee/fp16.hpp"

namespace quantfleet::formats {

// 8-bit floating point with 5 exponent and 2 mantissa bits (bias 15; 0x7C is infinity, 0x7D to 0x7F
// are NaN, largest value 57344: the upper byte of binary16) and one scale a row (output channel):
// scale = absmax / 57344, code = x / scale rounded to nearest even, both in fp32. Packed: rows *
// columns bytes, then rows fp32 scales. A row whose scale rounds to 0 gets zeros; the signs of
// zeros are kept.
// Codes: OCP 8-bit Floating Point Specification 1.0, type E5M2. The rule for the scale is ours.
const Format& Fp8E5m2();

inline constexpr float kFp8E5m2Largest = 57344.0F;

// Exact; NaN as in DecodeFp16.
QF_HOST_DEVICE inline float DecodeFp8E5m2(uint8_t code) {
  return DecodeFp16(static_cast<uint16_t>(code << 8));
}

// Nearest value, ties to even. Saturates: past 57344, infinity too, it gives 57344. NaN gives 0x7F.
QF_HOST_DEVICE inline uint8_t EncodeFp8E5m2(float value) {
  const uint32_t bits = BitsOfFloat(value);
  const uint32_t sign = (bits >> 24) & 0x80U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return 0x7F;
  if (magnitude >= 0x47600000U) return static_cast<uint8_t>(sign | 0x7BU);  // 57344
  uint32_t code = 0;
  if (magnitude < 0x38800000U) {  // 2^-14
    // The floats from 2^7 on lie 2^-16 apart, as the subnormals do: the sum rounds for us.
    code = BitsOfFloat(FloatOfBits(magnitude) + 0x1p7F) - 0x43000000U;
  } else {
    code = (magnitude + 0xFFFFFU + ((magnitude >> 21) & 1U) - (112U << 23)) >> 21;
  }
  return static_cast<uint8_t>(sign | code);
}

}  // namespace quantfleet::formats
