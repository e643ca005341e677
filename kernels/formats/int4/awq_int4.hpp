// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// 4 bits with a zero for each 128 columns, in the GEMM layout of AutoAWQ. For N rows (multiple of
// 8) and K columns (multiple of 128), packed one after the other:
//   qweight int32 [K, N / 8]; qzeros int32 [K / 128, N / 8]; scales fp16 [K / 128, N].
// Nibble i of a word is row 8c + {0, 2, 4, 6, 1, 3, 5, 7}[i]. w = (q - zero) * scale, exact in
// fp32. Encode: scale = fp16(max(max - min, 1e-5) / 15), zero = clamp(-round(min / scale), 0, 15),
// q = clamp(round(w / scale) + zero, 0, 15), ties to even, with the rounded scale. So a group that
// does not reach zero saturates, as it does there. The activation-aware scaling of channels happens
// before, in the model. Refuses groups whose scale fp16 cannot hold.
// Sources: AWQ (https://arxiv.org/abs/2306.00978); awq/modules/linear/gemm.py and
// awq/quantize/quantizer.py of casper-hansen/AutoAWQ 88e4c76.
const Format& AwqInt4();

// Nibble that holds row `row` in its word.
QF_HOST_DEVICE inline uint32_t AwqNibble(uint32_t row) {
  return ((row & 7U) >> 1) | ((row & 1U) << 2);
}

}  // namespace quantfleet::formats
