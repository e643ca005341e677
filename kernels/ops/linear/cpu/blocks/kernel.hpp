// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cpu::blocks {

// "fused" for every format that has an integer kernel (GGUF, mxfp4, nvfp4, AWQ, GPTQ): activations
// are rounded to 8 bits, weights stay packed, rows interleaved. `pool` outlives the kernels.
std::vector<std::unique_ptr<LinearKernel>> MakeBlockKernels(quantfleet::cpu::ThreadPool& pool);
// "ablation_unpack" for the same formats, on the same tiles.
std::vector<std::unique_ptr<LinearKernel>> MakeUnpackBlockKernels(
    quantfleet::cpu::ThreadPool& pool);
// MakeBlockKernels with the kernels of one instruction set ("avx2"); empty if the machine lacks it.
// For tests.
std::vector<std::unique_ptr<LinearKernel>> MakeBlockKernels(quantfleet::cpu::ThreadPool& pool,
                                                            std::string_view set);

}  // namespace quantfleet::linear::cpu::blocks
