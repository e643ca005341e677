// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/linear/kernel.hpp"

// Kernels "fused" of the formats whose activations become int8 too. `pool` outlives them.
namespace quantfleet::linear::cpu {

// w8a8: quantizes each token (one scale a token), multiplies in integers, scales each sum once.
std::unique_ptr<LinearKernel> MakeW8a8Kernel(quantfleet::cpu::ThreadPool& pool);

// llm_int8, in the steps of bitsandbytes (Linear8bitLt with threshold 6.0: int8_double_quant,
// int8_linear_matmul, int8_mm_dequant and the product of the outlier columns in
// autograd/_functions.py of bitsandbytes-foundation/bitsandbytes 95f9af30), each a pass over its
// operands in memory of its own: what this mixed precision costs beside a plain int8 product is
// measured, not assumed. Outlier columns are multiplied in fp32 with decoded weights, as a CPU has
// no fp16 product.
std::unique_ptr<LinearKernel> MakeLlmInt8Kernel(quantfleet::cpu::ThreadPool& pool);

}  // namespace quantfleet::linear::cpu
