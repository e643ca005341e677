// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q6_K: w = d sc (q - 32) with int8 sc a sub-block of 16. A block is 128 bytes with the lower
// four bits of q, 64 bytes with the upper two, int8 sc[16], fp16 d. In each half h of 128 weights,
// weight 128 h + l + 32 s (l < 32, s < 4) has its lower bits in byte 64 h + l + 32 (s % 2), low
// nibble for s < 2, and its upper ones at bit 2 s of byte 32 h + l. Encoding fits each sub-block
// (symmetric_search.hpp). Source: block_q6_K in src/ggml-common.h and quantize_row_q6_K_ref in
// src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Q6K {
  static constexpr uint32_t kBlock = 256;
  static constexpr uint32_t kBytes = 210;
  // Weights that share a sub-scale.
  static constexpr uint32_t kSubBlock = 16;
  // Bytes where the parts start; the lower bits are at 0.
  static constexpr uint32_t kUpperBits = 128;
  static constexpr uint32_t kSubScales = 192;
  static constexpr uint32_t kScale = 208;

  // sc of sub-block j, -128..127.
  QF_HOST_DEVICE static int32_t SubScale(const uint8_t* block, uint32_t j) {
    return static_cast<int8_t>(block[kSubScales + j]);
  }
  // d sc of sub-block j. Exact.
  QF_HOST_DEVICE static float Scale(const uint8_t* block, uint32_t j) {
    return LoadFp16(block + kScale) * static_cast<float>(SubScale(block, j));
  }
  // q - 32 of weight i, -32..31.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    const uint32_t half = i / 128;
    const uint32_t step = i / 32 % 4;
    const int32_t low = (block[64 * half + i % 32 + 32 * (step % 2)] >> (step / 2 * 4)) & 15;
    const int32_t upper = (block[kUpperBits + 32 * half + i % 32] >> (2 * step)) & 3;
    return (low | (upper << 4)) - 32;
  }
  // Weight i. Exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return Scale(block, i / kSubBlock) * static_cast<float>(Code(block, i));
  }
};

const Format& Q6KFormat();

}  // namespace quantfleet::formats
