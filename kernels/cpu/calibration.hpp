// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <stop_token>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/thread_pool.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::cpu {

// Ceilings of this CPU with the pool's threads: best of several passes of a vector read over at
// least 4 x `cache_bytes` and 256 MiB (memory) and over a quarter of the cache; a square multiply
// of 1024 in fp32, and in bf16 where the processor has it; an empty call of the pool. Each part
// gets a share of `at_most`; kResourceExhausted without memory.
Result<engine::Ceilings> MeasureCeilings(ThreadPool& pool, MemoryPool& memory_pool,
                                         uint64_t cache_bytes, Duration at_most,
                                         std::stop_token stop);

// Steps a second of a chain of dependent multiplications: proportional to the clock, and lower when
// the processor is shared. About 30 us.
double MeasureClock();

}  // namespace quantfleet::cpu
