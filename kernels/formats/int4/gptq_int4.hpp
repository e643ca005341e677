// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"

namespace quantfleet::formats {

// Symmetric 4 bits in groups of 128 columns, in the layout of GPTQ checkpoints, version 1. For N
// rows (multiple of 8) and K columns (multiple of 128), packed one after the other:
//   qweight int32 [K / 8, N], nibble j of word r is column 8r + j;
//   qzeros int32 [K / 128, N / 8], nibble j of word c is row 8c + j; scales fp16 [K / 128, N].
// Version 1 stores the zero less 1: w = (q - (stored + 1)) * scale, exact in fp32, where stored + 1
// is not masked and may be 16, as in the GPU kernels (some Python code masks it).
// Encode: scale = fp16(2 absmax / 15), zero 8 (stored 7), q = clamp(round(w / scale) + 8, 0, 15),
// ties to even, with the rounded scale; where that is 0 the scale is fp16(2 / 15) and the weights
// become 0. GPTQ's compensation of errors is not done: it needs calibration data and changes
// neither bytes nor speed. Refuses groups whose scale fp16 cannot hold.
// Sources: GPTQ (https://arxiv.org/abs/2210.17323);
// auto_gptq/nn_modules/qlinear/qlinear_cuda_old.py and auto_gptq/quantization/quantizer.py of
// AutoGPTQ/AutoGPTQ 9f7d370.
const Format& GptqInt4();

}  // namespace quantfleet::formats
