// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"

namespace quantfleet::linear::cpu {

// Calls work(thread, range) for each thread of the pool with its part of `rows` rows, in steps of
// 16 rows. Parts may be empty.
template <class Work>
void ForRows(quantfleet::cpu::ThreadPool& pool, uint64_t rows, const Work& work) {
  constexpr uint64_t kStep = 16;
  const uint64_t steps = (rows + kStep - 1) / kStep;
  const uint64_t threads = pool.threads();
  pool.Run([&](uint32_t thread) {
    const RowRange range = {std::min(rows, steps * thread / threads * kStep),
                            std::min(rows, steps * (thread + 1) / threads * kStep)};
    if (range.begin < range.end) work(thread, range);
  });
}

}  // namespace quantfleet::linear::cpu
