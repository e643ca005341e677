// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cpu::bf16 {

// "dense" for bf16: weights as they are, activations rounded to bf16, products added in fp32.
// nullptr if this machine cannot multiply bf16. `pool` outlives the kernel.
std::unique_ptr<LinearKernel> MakeKernel(quantfleet::cpu::ThreadPool& pool);

}  // namespace quantfleet::linear::cpu::bf16
