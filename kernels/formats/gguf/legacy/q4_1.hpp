// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q4_1: w = d q + m. A block is fp16 d, fp16 m, then 16 bytes of codes as in Q4_0. Encoding:
// m = min x, d = (max x - m) / 15, q = (x - m) / d + 0.5 cut to an integer, with the fp32 d and m.
// Source: block_q4_1 in src/ggml-common.h and quantize_row_q4_1_ref in src/ggml-quants.c of
// ggml-org/ggml d99724f2.
struct Q41 {
  static constexpr uint32_t kBlock = 32;
  static constexpr uint32_t kBytes = 20;
  // Byte where the codes start.
  static constexpr uint32_t kCodes = 4;

  // d.
  QF_HOST_DEVICE static float Scale(const uint8_t* block) { return LoadFp16(block); }
  // m, the smallest weight.
  QF_HOST_DEVICE static float Min(const uint8_t* block) { return LoadFp16(block + 2); }
  // q of weight i, 0..15.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    return (block[kCodes + i % 16] >> (i / 16 * 4)) & 15;
  }
  // Weight i. One rounding: the product is exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return Scale(block) * static_cast<float>(Code(block, i)) + Min(block);
  }
};

const Format& Q41Format();

}  // namespace quantfleet::formats
