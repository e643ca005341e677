// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/conversion/kernel.hpp"

namespace quantfleet::conversion::cpu {

// The kernels "parallel" and "reference" for every format. `pool` outlives them.
ConversionKernels MakeCpuKernels(Direction direction, quantfleet::cpu::ThreadPool& pool);

}  // namespace quantfleet::conversion::cpu
