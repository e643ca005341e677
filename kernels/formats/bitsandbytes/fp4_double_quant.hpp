// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/bitsandbytes/fp4.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// fp4 whose absmax are quantized in their turn: layout and rule in double_quant.hpp. About 4.13
// bits a weight. The codes are those of fp4, chosen with the exact absmax. Code 8 decodes to -0, as
// in the C++ table of bitsandbytes (csrc/cpu_ops.cpp, 95f9af30) that made our reference vectors;
// fp4 follows the Python table, where it is +0.
const Format& Fp4DoubleQuant();

// Value of each code.
inline constexpr float kFp4SignedValues[16] = {
    0.0F,  0.0052083335F,  0.6666667F,  1.0F,  0.33333334F,  0.5F,  0.16666667F,  0.25F,
    -0.0F, -0.0052083335F, -0.6666667F, -1.0F, -0.33333334F, -0.5F, -0.16666667F, -0.25F};

// As DecodeFp4, but -0 for code 8. One rounding.
QF_HOST_DEVICE inline float DecodeFp4Signed(uint32_t code, float absmax) {
  return (code == 8 ? -0.0F : DecodeFp4(code, 1.0F)) * absmax;
}

}  // namespace quantfleet::formats
