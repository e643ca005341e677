// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/register.hpp"

namespace quantfleet::linear::cuda {

// Registers the parts that a quantized product consists of, each as a kernel that is timed like any
// other arm (the same names as on the CPU, see cpu/ablation/ablation.hpp):
//   ablation_launch  an empty kernel
//   ablation_read    reads the packed bytes once
//   ablation_unpack  reads and decodes in registers as the fused kernel does; formats with a tiling
//   ablation_decode  decodes the whole matrix to 16 bits in memory: the first half of
//                    dequantize_then_gemm
//   ablation_dense   cuBLASLt alone on weights decoded before: the second half
// Formats that a dense kernel multiplies have no ablation_unpack and no ablation_decode.
void RegisterAblations(KernelTable& table, const KernelContext& context);

}  // namespace quantfleet::linear::cuda
