// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cpu {

// All kernels of the CPU and the dispatch of "auto". `pool` outlives the table.
KernelTable RegisterCpuKernels(quantfleet::cpu::ThreadPool& pool);

// y = x W^T in fp32 by the fastest way this build has, over all threads of the pool: the baseline
// and the second half of dequantize_then_gemm. Pointers as in LinearCall.
void MultiplyDense(quantfleet::cpu::ThreadPool& pool, const engine::LinearShape& shape,
                   const float* weights, const float* x, float* y, float* scratch);
// What MultiplyDense runs for the shape ("openblas_sgemm", "avx3"). Static.
std::string_view DenseVariant(const engine::LinearShape& shape);
// Name and version of the BLAS library ("openblas 0.3.21"), or "none".
std::string_view BlasName();

}  // namespace quantfleet::linear::cpu
