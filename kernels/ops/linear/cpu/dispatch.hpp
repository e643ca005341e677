// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cpu {

// What "auto" stands for on the CPU: for each format that is decoded, the batches up to which a
// kernel was the fastest, measured by benchmarks/dispatch_benchmark. Processors that multiply bf16
// have a kernel more (bf16/kernel.hpp).
std::vector<DispatchRow> CpuDispatch(bool multiplies_bf16);

}  // namespace quantfleet::linear::cpu
