// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cpu {

// Registers for every format the parts that a quantized product consists of, each as a kernel of
// its own that is timed like any other arm, so that a ledger can say where the time goes:
//   ablation_launch  wakes all threads and returns; reads nothing
//   ablation_read    reads the packed bytes once, as fast as memory gives them
//   ablation_unpack  reads and decodes in registers, or row by row into a tile that stays in the
//                    cache; no product
//   ablation_decode  decodes the whole matrix to fp32 in memory: the first half of
//                    dequantize_then_gemm
//   ablation_dense   MultiplyDense alone on weights decoded before: the second half. The only one
//                    that has an output.
// What a format has registered by then under one of these names (because its product reads another
// layout, or decodes by other code) stays: call this last. `pool` outlives the table.
void RegisterAblations(quantfleet::cpu::ThreadPool& pool, KernelTable* table);

}  // namespace quantfleet::linear::cpu
