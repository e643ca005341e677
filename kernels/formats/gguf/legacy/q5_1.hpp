// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q5_1: w = d q + m. A block is fp16 d, fp16 m, then the codes as in Q5_0. Encoding as in
// Q4_1, with d = (max x - m) / 31. Source: block_q5_1 in src/ggml-common.h and
// quantize_row_q5_1_ref in src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Q51 {
  static constexpr uint32_t kBlock = 32;
  static constexpr uint32_t kBytes = 24;
  // Bytes where the word of fifth bits and the low nibbles start.
  static constexpr uint32_t kFifthBits = 4;
  static constexpr uint32_t kCodes = 8;

  // d.
  QF_HOST_DEVICE static float Scale(const uint8_t* block) { return LoadFp16(block); }
  // m, the smallest weight.
  QF_HOST_DEVICE static float Min(const uint8_t* block) { return LoadFp16(block + 2); }
  // q of weight i, 0..31.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    const int32_t low = (block[kCodes + i % 16] >> (i / 16 * 4)) & 15;
    const int32_t fifth = (block[kFifthBits + i / 8] >> (i % 8)) & 1;
    return low | (fifth << 4);
  }
  // Weight i. One rounding: the product is exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return Scale(block) * static_cast<float>(Code(block, i)) + Min(block);
  }
};

const Format& Q51Format();

}  // namespace quantfleet::formats
