// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q3_K: w = d (sc - 32) (q - 4) with 6-bit sc a sub-block of 16. A block is 32 bytes of third
// bits (weight i: bit i / 32 of byte i % 32), 64 bytes with the lower two bits (weight
// 128 h + l + 32 s at bit 2 s of byte 32 h + l), 12 bytes of sub-scales, fp16 d. Sub-scale j has
// its lower four bits in byte j % 8 (low nibble for j < 8) and its upper two at bit 2 (j / 4) of
// byte 8 + j % 4. Encoding fits each sub-block (symmetric_search.hpp). Source: block_q3_K in
// src/ggml-common.h and quantize_row_q3_K_ref in src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Q3K {
  static constexpr uint32_t kBlock = 256;
  static constexpr uint32_t kBytes = 110;
  // Weights that share a sub-scale.
  static constexpr uint32_t kSubBlock = 16;
  // Bytes where the parts start; the third bits are at 0.
  static constexpr uint32_t kCodes = 32;
  static constexpr uint32_t kSubScales = 96;
  static constexpr uint32_t kScale = 108;

  // sc - 32 of sub-block j, -32..31.
  QF_HOST_DEVICE static int32_t SubScale(const uint8_t* block, uint32_t j) {
    const uint8_t* const packed = block + kSubScales;
    const int32_t low = (packed[j % 8] >> (j / 8 * 4)) & 15;
    const int32_t upper = (packed[8 + j % 4] >> (j / 4 * 2)) & 3;
    return (low | (upper << 4)) - 32;
  }
  // d (sc - 32) of sub-block j. Exact.
  QF_HOST_DEVICE static float Scale(const uint8_t* block, uint32_t j) {
    return LoadFp16(block + kScale) * static_cast<float>(SubScale(block, j));
  }
  // q - 4 of weight i, -4..3.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    const int32_t low = (block[kCodes + i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2)) & 3;
    const int32_t third = (block[i % 32] >> (i / 32)) & 1;
    return (low | (third << 2)) - 4;
  }
  // Weight i. Exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return Scale(block, i / kSubBlock) * static_cast<float>(Code(block, i));
  }
};

const Format& Q3KFormat();

}  // namespace quantfleet::formats
