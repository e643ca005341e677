// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/attention/kernel.hpp"

namespace quantfleet::attention::cpu {

// All attention kernels of the CPU and the dispatch of "auto". `pool` outlives the table.
KernelTable RegisterCpuKernels(quantfleet::cpu::ThreadPool& pool);

}  // namespace quantfleet::attention::cpu
