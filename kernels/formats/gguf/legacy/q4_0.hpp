// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q4_0: w = d (q - 8). A block is fp16 d, then 16 bytes: byte j holds q of weight j in the low
// nibble and of weight j + 16 in the high one. Encoding: d = m / -8 where m is the weight of
// largest magnitude, with its sign; q = x / d + 8.5 cut to an integer, at most 15. Source:
// block_q4_0 in src/ggml-common.h and quantize_row_q4_0_ref in src/ggml-quants.c of ggml-org/ggml
// d99724f2.
struct Q40 {
  static constexpr uint32_t kBlock = 32;
  static constexpr uint32_t kBytes = 18;
  // Byte where the codes start.
  static constexpr uint32_t kCodes = 2;

  // d.
  QF_HOST_DEVICE static float Scale(const uint8_t* block) { return LoadFp16(block); }
  // q - 8 of weight i, -8..7.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    return ((block[kCodes + i % 16] >> (i / 16 * 4)) & 15) - 8;
  }
  // Weight i. Exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return Scale(block) * static_cast<float>(Code(block, i));
  }
};

const Format& Q40Format();

}  // namespace quantfleet::formats
