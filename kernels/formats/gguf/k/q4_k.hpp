// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/gguf/k/sub_scales.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q4_K: w = d sc q - dmin m with 6-bit sc and m a sub-block of 32. A block is fp16 d, fp16
// dmin, 12 bytes of sub-scales (sub_scales.hpp), then 128 bytes of codes: byte 32 c + l holds
// weight 64 c + l in the low nibble and weight 64 c + 32 + l in the high one. Encoding searches
// scale and minimum of each sub-block (scale_and_min_search.hpp). Source: block_q4_K in
// src/ggml-common.h and quantize_row_q4_K_ref in src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Q4K {
  static constexpr uint32_t kBlock = 256;
  static constexpr uint32_t kBytes = 144;
  // Weights that share a sub-scale.
  static constexpr uint32_t kSubBlock = 32;
  // Bytes where the sub-scales and the codes start; d is at 0, dmin at 2.
  static constexpr uint32_t kSubScales = 4;
  static constexpr uint32_t kCodes = 16;

  // sc and m of sub-block j.
  QF_HOST_DEVICE static SixBitPair SubScales(const uint8_t* block, uint32_t j) {
    return UnpackSixBitPair(block + kSubScales, j);
  }
  // d sc and dmin m of sub-block j. Exact.
  QF_HOST_DEVICE static formats::ScaleAndMin ScaleAndMin(const uint8_t* block, uint32_t j) {
    const SixBitPair pair = SubScales(block, j);
    return {LoadFp16(block) * static_cast<float>(pair.scale),
            LoadFp16(block + 2) * static_cast<float>(pair.min)};
  }
  // q of weight i, 0..15.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    return (block[kCodes + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15;
  }
  // Weight i. One rounding: both products are exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    const formats::ScaleAndMin sub = ScaleAndMin(block, i / kSubBlock);
    return sub.scale * static_cast<float>(Code(block, i)) - sub.min;
  }
};

const Format& Q4KFormat();

}  // namespace quantfleet::formats
