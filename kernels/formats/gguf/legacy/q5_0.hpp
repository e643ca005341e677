// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q5_0: w = d (q - 16). A block is fp16 d, then a 32-bit word whose bit i is the fifth bit of
// q of weight i, then 16 bytes with the lower four bits as in Q4_0. Encoding as in Q4_0, with
// d = m / -16. Source: block_q5_0 in src/ggml-common.h and quantize_row_q5_0_ref in
// src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Q50 {
  static constexpr uint32_t kBlock = 32;
  static constexpr uint32_t kBytes = 22;
  // Bytes where the word of fifth bits and the low nibbles start.
  static constexpr uint32_t kFifthBits = 2;
  static constexpr uint32_t kCodes = 6;

  // d.
  QF_HOST_DEVICE static float Scale(const uint8_t* block) { return LoadFp16(block); }
  // q - 16 of weight i, -16..15.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    const int32_t low = (block[kCodes + i % 16] >> (i / 16 * 4)) & 15;
    const int32_t fifth = (block[kFifthBits + i / 8] >> (i % 8)) & 1;
    return (low | (fifth << 4)) - 16;
  }
  // Weight i. Exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return Scale(block) * static_cast<float>(Code(block, i));
  }
};

const Format& Q50Format();

}  // namespace quantfleet::formats
