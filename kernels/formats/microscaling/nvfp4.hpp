// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/float_bits.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/microscaling/e2m1.hpp"

namespace quantfleet::formats {

// NVFP4 as GGUF packs it: 16 E2M1 values share an unsigned E4M3 scale. A block of 64 is four scale
// bytes, then 8 bytes a sub-block: byte j holds the code of its weight j in the low nibble and of
// weight j + 8 in the high one. Encoding: scale = max |x| / 6, rounded half up in E4M3 (256 and
// more become 448); codes are the nearest, the smaller index on a tie. GGUF keeps the fp32 scale of
// the whole tensor elsewhere; here it is 1, so weights must be within 2688 and those whose scale is
// below 2^-6 lose precision. Source: block_nvfp4 in src/ggml-common.h, ggml_fp32_to_ue4m3 in
// src/ggml-impl.h and quantize_row_nvfp4_ref in src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Nvfp4 {
  static constexpr uint32_t kBlock = 64;
  static constexpr uint32_t kBytes = 36;
  // Weights that share a scale.
  static constexpr uint32_t kSubBlock = 16;
  // Byte where the codes start.
  static constexpr uint32_t kCodes = 4;

  // Half the scale of sub-block j: Code is doubled. 0 for the bytes 0 and 0x7F; the sign bit is
  // not heeded.
  QF_HOST_DEVICE static float HalfScale(const uint8_t* block, uint32_t j) {
    return DecodeHalfScale(block[j]);
  }
  // The same for a scale byte.
  QF_HOST_DEVICE static float DecodeHalfScale(uint32_t bits) {
    const uint32_t exponent = (bits >> 3) & 15U;
    const uint32_t mantissa = bits & 7U;
    if (bits == 0x7FU) return 0;
    if (exponent == 0) return static_cast<float>(mantissa) * 0x1p-10F;
    return FloatOfBits(((exponent + 119U) << 23) | (mantissa << 20));
  }
  // Twice the E2M1 value of weight i.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    return DoubledE2m1((block[kCodes + i / 16 * 8 + i % 8] >> (i / 8 % 2 * 4)) & 15U);
  }
  // Weight i. Exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return HalfScale(block, i / kSubBlock) * static_cast<float>(Code(block, i));
  }
};

const Format& Nvfp4Format();

}  // namespace quantfleet::formats
