// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/ieee/bf16.hpp"
#include "tests/device/emulation/device.hpp"

struct __nv_bfloat16 {
  uint16_t bits;
};

struct __nv_bfloat162 {
  __nv_bfloat16 x, y;
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

namespace emulation {

inline float Widen(__half half) {
  return __half2float(half);
}
inline float Widen(__nv_bfloat16 half) {
  return quantfleet::formats::DecodeBf16(half.bits);
}
inline __half Round(float value, __half) {
  return __float2half_rn(value);
}
inline __nv_bfloat16 Round(float value, __nv_bfloat16) {
  return __float2bfloat16_rn(value);
}
// One rounding: products of two 16-bit values are exact in fp32; their sum with a third is taken in
// fp64, whose own rounding is far below.
template <typename Half>
Half MultiplyAdd(Half a, Half b, Half c) {
  const double sum = static_cast<double>(Widen(a)) * Widen(b) + Widen(c);
  return Round(static_cast<float>(sum), a);
}

}  // namespace emulation

// Both halves at once, for __half2 and __nv_bfloat162.
template <typename Pair>
Pair __hfma2(Pair a, Pair b, Pair c) {
  return {emulation::MultiplyAdd(a.x, b.x, c.x), emulation::MultiplyAdd(a.y, b.y, c.y)};
}
template <typename Pair>
Pair __hmul2(Pair a, Pair b) {
  return {emulation::Round(emulation::Widen(a.x) * emulation::Widen(b.x), a.x),
          emulation::Round(emulation::Widen(a.y) * emulation::Widen(b.y), a.y)};
}
template <typename Pair>
Pair __hsub2(Pair a, Pair b) {
  return {emulation::Round(emulation::Widen(a.x) - emulation::Widen(b.x), a.x),
          emulation::Round(emulation::Widen(a.y) - emulation::Widen(b.y), a.y)};
}
