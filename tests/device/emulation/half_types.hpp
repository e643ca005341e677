// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/ieee/bf16.hpp"
#include "tests/device/emulation/device.hpp"

struct __nv_bfloat16 {
  uint16_t bits;
};

inline __nv_bfloat16 __float2bfloat16_rn(float value) {
  return {quantfleet::formats::EncodeBf16(value)};
}
inline uint16_t __bfloat16_as_ushort(__nv_bfloat16 value) {
  return value.bits;
}

struct __half {
  uint16_t bits;
};
struct __half2 {
  __half x, y;
};

inline float __half2float(__half half) {
  const int exponent = half.bits >> 10 & 31;
  const int mantissa = half.bits & 1023;
  const float magnitude = exponent == 0
                              ? std::ldexp(static_cast<float>(mantissa), -24)
                              : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return (half.bits & 0x8000) != 0 ? -magnitude : magnitude;
}
// Finite values below 65504 only; ties to even.
inline __half __float2half_rn(float value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const float magnitude = std::fabs(value);
  const int exponent = magnitude == 0 ? -14 : std::max(std::ilogb(magnitude), -14);
  // In units of the last place; a carry to 2048 moves into the exponent by itself.
  const auto units = static_cast<int>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  const int bits = units < 1024 ? units : ((exponent + 15) << 10) + (units - 1024);
  return {static_cast<uint16_t>(sign | bits)};
}
inline uint16_t __half_as_ushort(__half half) {
  return half.bits;
}
inline __half __ushort_as_half(uint16_t bits) {
  return {bits};
}
inline __half2 __float2half2_rn(float value) {
  return {__float2half_rn(value), __float2half_rn(value)};
}
inline __half2 __hsub2(__half2 a, __half2 b) {
  return {__float2half_rn(__half2float(a.x) - __half2float(b.x)),
          __float2half_rn(__half2float(a.y) - __half2float(b.y))};
}
