// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/float_bits.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/microscaling/e2m1.hpp"

namespace quantfleet::formats {

// MXFP4 as GGUF packs it: 32 E2M1 values share an E8M0 scale, w = 2^(e - 127) v. A block is the
// byte e, then 16 bytes: byte j holds the code of weight j in the low nibble and of weight j + 16
// in the high one. Encoding: e - 127 = floor(log2(max |x|)) - 2, so that values beyond 6 in units
// of the scale are clamped to 6; codes are the nearest, the smaller index on a tie. e = 255 is not
// NaN here. Source: OCP Microscaling Formats (MX) v1.0; block_mxfp4 in src/ggml-common.h and
// quantize_row_mxfp4_ref in src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Mxfp4 {
  static constexpr uint32_t kBlock = 32;
  static constexpr uint32_t kBytes = 17;
  // Byte where the codes start.
  static constexpr uint32_t kCodes = 1;

  // 2^(e - 128), half the scale: Code is doubled. Subnormal for e below 2.
  QF_HOST_DEVICE static float HalfScale(const uint8_t* block) {
    const uint32_t e = block[0];
    return FloatOfBits(e < 2 ? 0x00200000U << e : (e - 1) << 23);
  }
  // Twice the E2M1 value of weight i.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    return DoubledE2m1((block[kCodes + i % 16] >> (i / 16 * 4)) & 15U);
  }
  // Weight i. Exact, but for e from 253, whose largest values are infinite.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return HalfScale(block) * static_cast<float>(Code(block, i));
  }
};

const Format& Mxfp4Format();

}  // namespace quantfleet::formats
