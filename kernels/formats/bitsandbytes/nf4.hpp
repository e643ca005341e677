// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// 4-bit NormalFloat with blocks of 64 along the flat row-major order, as bitsandbytes packs it:
// element 2i in the high nibble of byte i, 2i + 1 in the low one; all nibbles, then one fp32 absmax
// a block. x is multiplied by the fp32 reciprocal of absmax, clamped to 1e-38 so that a block of
// zeros gets code 7. We refuse columns that are no multiple of 64: a block never straddles rows.
// Values, thresholds and rules: csrc/cpu_ops.cpp and backends/default/ops.py of
// bitsandbytes-foundation/bitsandbytes 95f9af30; the data type is section 3 of QLoRA
// (https://arxiv.org/abs/2305.14314).
const Format& Nf4();

inline constexpr uint32_t kNf4Block = 64;

// Value of each code, ascending.
inline constexpr float kNf4Values[16] = {
    -1.0F,
    -0.6961928009986877F,
    -0.5250730514526367F,
    -0.39491748809814453F,
    -0.28444138169288635F,
    -0.18477343022823334F,
    -0.09105003625154495F,
    0.0F,
    0.07958029955625534F,
    0.16093020141124725F,
    0.24611230194568634F,
    0.33791524171829224F,
    0.44070982933044434F,
    0.5626170039176941F,
    0.7229568362236023F,
    1.0F,
};

// The code of x / absmax is the number of thresholds strictly below it.
inline constexpr float kNf4Thresholds[15] = {
    -0.8480964004993439F,  -0.6106329262256622F,  -0.4599952697753906F,   -0.33967943489551544F,
    -0.23460740596055984F, -0.13791173323988914F, -0.045525018125772476F, 0.03979014977812767F,
    0.1202552504837513F,   0.2035212516784668F,   0.2920137718319893F,    0.3893125355243683F,
    0.5016634166240692F,   0.6427869200706482F,   0.8614784178118011F,
};

// Value of a code (below 16). One rounding.
QF_HOST_DEVICE inline float DecodeNf4(uint32_t code, float absmax) {
#if defined(__CUDA_ARCH__)
  constexpr float values[16] = {-1.0F,
                                -0.6961928009986877F,
                                -0.5250730514526367F,
                                -0.39491748809814453F,
                                -0.28444138169288635F,
                                -0.18477343022823334F,
                                -0.09105003625154495F,
                                0.0F,
                                0.07958029955625534F,
                                0.16093020141124725F,
                                0.24611230194568634F,
                                0.33791524171829224F,
                                0.44070982933044434F,
                                0.5626170039176941F,
                                0.7229568362236023F,
                                1.0F};
  return values[code] * absmax;
#else
  return kNf4Values[code] * absmax;
#endif
}

// As four_bit.hpp wants it.
struct Nf4Rule {
  static constexpr const auto& kThresholds = kNf4Thresholds;
  static constexpr uint8_t kOrder[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  static float Decode(uint32_t code, float absmax) { return DecodeNf4(code, absmax); }
};

}  // namespace quantfleet::formats
