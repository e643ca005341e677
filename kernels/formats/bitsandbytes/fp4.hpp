// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// bitsandbytes' own 4-bit floating point (not OCP's E2M1): bit 3 is the sign, the other bits name
// one of 8 magnitudes, whose order is not that of the codes. Blocks, packing and scaling as nf4.
// Codes 0 and 8 both decode to +0; Encode gives 0 to zeros and tiny negative values and 8 to tiny
// positive ones, as the Python functions do (the CUDA kernels take bit 3 from the sign, and decode
// 8 to -0). We refuse columns that are no multiple of 64.
// Values, thresholds and rules: get_4bit_type in bitsandbytes/functional.py and
// backends/default/ops.py of bitsandbytes-foundation/bitsandbytes 95f9af30.
const Format& Fp4();

inline constexpr uint32_t kFp4Block = 64;

// Value of each code.
inline constexpr float kFp4Values[16] = {
    0.0F, 0.0052083335F,  0.6666667F,  1.0F,  0.33333334F,  0.5F,  0.16666667F,  0.25F,
    0.0F, -0.0052083335F, -0.6666667F, -1.0F, -0.33333334F, -0.5F, -0.16666667F, -0.25F};

// Midpoints between the values in ascending order, the two zeros included.
inline constexpr float kFp4Thresholds[15] = {
    -0.8333334F, -0.5833334F,    -0.4166667F, -0.2916667F,   -0.20833334F,
    -0.0859375F, -0.0026041667F, 0.0F,        0.0026041667F, 0.0859375F,
    0.20833334F, 0.2916667F,     0.4166667F,  0.5833334F,    0.8333334F};

// The code of x / absmax, by the number of thresholds strictly below it.
inline constexpr uint8_t kFp4Order[16] = {11, 10, 13, 12, 15, 14, 9, 0, 8, 1, 6, 7, 4, 5, 2, 3};

// Value of a code (below 16). One rounding.
QF_HOST_DEVICE inline float DecodeFp4(uint32_t code, float absmax) {
#if defined(__CUDA_ARCH__)
  constexpr float values[16] = {
      0.0F, 0.0052083335F,  0.6666667F,  1.0F,  0.33333334F,  0.5F,  0.16666667F,  0.25F,
      0.0F, -0.0052083335F, -0.6666667F, -1.0F, -0.33333334F, -0.5F, -0.16666667F, -0.25F};
  return values[code] * absmax;
#else
  return kFp4Values[code] * absmax;
#endif
}

// As four_bit.hpp wants it.
struct Fp4Rule {
  static constexpr const auto& kThresholds = kFp4Thresholds;
  static constexpr const auto& kOrder = kFp4Order;
  static float Decode(uint32_t code, float absmax) { return DecodeFp4(code, absmax); }
};

}  // namespace quantfleet::formats
