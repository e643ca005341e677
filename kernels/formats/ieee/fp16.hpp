// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/float_bits.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// IEEE 754-2019 binary16 (1 sign, 5 exponent, 10 mantissa bits), rounded to nearest even,
// little-endian. Encode refuses what rounds past 65504.
const Format& Fp16();

// The value of the bits. Exact; a NaN keeps its sign and payload and becomes quiet.
QF_HOST_DEVICE inline float DecodeFp16(uint16_t bits) {
  const uint32_t sign = (bits & 0x8000U) << 16;
  const uint32_t exponent = bits & 0x7C00U;
  const uint32_t mantissa = bits & 0x03FFU;
  if (exponent == 0) {
    // Zero or subnormal: steps of 2^-24.
    return FloatOfBits(sign | BitsOfFloat(static_cast<float>(mantissa) * 0x1p-24F));
  }
  if (exponent == 0x7C00U) {
    const uint32_t quiet = mantissa == 0 ? 0 : 0x400000U;
    return FloatOfBits(sign | 0x7F800000U | quiet | (mantissa << 13));
  }
  // The exponent's bias goes from 15 to 127.
  return FloatOfBits(sign | (((exponent | mantissa) << 13) + (112U << 23)));
}

// Nearest binary16, ties to even: 65520 and beyond become infinity; a NaN keeps its sign and the
// upper bits of its payload and becomes quiet.
QF_HOST_DEVICE inline uint16_t EncodeFp16(float value) {
  const uint32_t bits = BitsOfFloat(value);
  const uint32_t sign = (bits >> 16) & 0x8000U;
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  uint32_t code = 0;
  if (magnitude > 0x7F800000U) {
    code = 0x7E00U | ((magnitude >> 13) & 0x3FFU);
  } else if (magnitude >= 0x477FF000U) {  // 65520
    code = 0x7C00U;
  } else if (magnitude < 0x38800000U) {  // 2^-14
    // The floats from 0.5 to 1 lie 2^-24 apart, as the subnormals do: the sum rounds for us.
    code = BitsOfFloat(FloatOfBits(magnitude) + 0.5F) - 0x3F000000U;
  } else {
    code = (magnitude + 0xFFFU + ((magnitude >> 13) & 1U) - (112U << 23)) >> 13;
  }
  return static_cast<uint16_t>(sign | code);
}

}  // namespace quantfleet::formats
