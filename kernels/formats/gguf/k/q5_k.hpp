// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/gguf/k/sub_scales.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q5_K: w = d sc q - dmin m, as Q4_K with a fifth bit. A block is fp16 d, fp16 dmin, 12 bytes
// of sub-scales (sub_scales.hpp), 32 bytes of fifth bits (weight i: bit i / 32 of byte i % 32),
// then 128 bytes with the lower four bits as in Q4_K. Source: block_q5_K in src/ggml-common.h and
// quantize_row_q5_K_ref in src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Q5K {
  static constexpr uint32_t kBlock = 256;
  static constexpr uint32_t kBytes = 176;
  // Weights that share a sub-scale.
  static constexpr uint32_t kSubBlock = 32;
  // Bytes where the parts start; d is at 0, dmin at 2.
  static constexpr uint32_t kSubScales = 4;
  static constexpr uint32_t kFifthBits = 16;
  static constexpr uint32_t kCodes = 48;

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
  // q of weight i, 0..31.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    const int32_t low = (block[kCodes + i / 64 * 32 + i % 32] >> (i / 32 % 2 * 4)) & 15;
    const int32_t fifth = (block[kFifthBits + i % 32] >> (i / 32)) & 1;
    return low | (fifth << 4);
  }
  // Weight i. One rounding: both products are exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    const formats::ScaleAndMin sub = ScaleAndMin(block, i / kSubBlock);
    return sub.scale * static_cast<float>(Code(block, i)) - sub.min;
  }
};

const Format& Q5KFormat();

}  // namespace quantfleet::formats
