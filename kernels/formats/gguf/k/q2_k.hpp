// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/gguf/k/sub_scales.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q2_K: w = d sc q - dmin m with 4-bit sc and m a sub-block of 16. A block is 16 bytes of
// sub-scales (sc in the low nibble, m in the high one), 64 bytes of codes (weight 128 h + l + 32 s
// at bit 2 s of byte 32 h + l), fp16 d, fp16 dmin. Encoding searches scale and minimum of each
// sub-block (scale_and_min_search.hpp). Source: block_q2_K in src/ggml-common.h and
// quantize_row_q2_K_ref in src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Q2K {
  static constexpr uint32_t kBlock = 256;
  static constexpr uint32_t kBytes = 84;
  // Weights that share a sub-scale.
  static constexpr uint32_t kSubBlock = 16;
  // Bytes where the parts start; the sub-scales are at 0.
  static constexpr uint32_t kCodes = 16;
  static constexpr uint32_t kScale = 80;
  static constexpr uint32_t kMin = 82;

  // d sc and dmin m of sub-block j. Exact.
  QF_HOST_DEVICE static formats::ScaleAndMin ScaleAndMin(const uint8_t* block, uint32_t j) {
    return {LoadFp16(block + kScale) * static_cast<float>(block[j] & 15),
            LoadFp16(block + kMin) * static_cast<float>(block[j] >> 4)};
  }
  // q of weight i, 0..3.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    return (block[kCodes + i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2)) & 3;
  }
  // Weight i. One rounding: both products are exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    const formats::ScaleAndMin sub = ScaleAndMin(block, i / kSubBlock);
    return sub.scale * static_cast<float>(Code(block, i)) - sub.min;
  }
};

const Format& Q2KFormat();

}  // namespace quantfleet::formats
