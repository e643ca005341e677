// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF Q8_0: w = d q. A block is fp16 d, then int8 q[32]. Encoding: d = max |x| / 127, q = x / d
// rounded half away from zero, with the fp32 d. Source: block_q8_0 in src/ggml-common.h and
// quantize_row_q8_0_ref in src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Q80 {
  static constexpr uint32_t kBlock = 32;
  static constexpr uint32_t kBytes = 34;
  // Byte where the codes start.
  static constexpr uint32_t kCodes = 2;

  // d.
  QF_HOST_DEVICE static float Scale(const uint8_t* block) { return LoadFp16(block); }
  // q of weight i, -128..127.
  QF_HOST_DEVICE static int32_t Code(const uint8_t* block, uint32_t i) {
    return static_cast<int8_t>(block[kCodes + i]);
  }
  // Weight i. Exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    return Scale(block) * static_cast<float>(Code(block, i));
  }
};

const Format& Q80Format();

}  // namespace quantfleet::formats
