// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/ops/attention/cpu/simd.hpp"

namespace quantfleet::attention::cpu {

// How one call is cut into parts that threads take one by one. A part is one head of the cache of
// one sequence, for a run of queries (all heads that share it) and a run of tokens.
struct Parts {
  // Queries of a part, and the runs of them.
  uint32_t queries = 0;
  uint32_t query_runs = 0;
  // Runs that the tokens seen by the queries of a part are split into; with more than one the
  // results are partial and merged afterwards.
  uint32_t splits = 0;
  // Parts of the whole call.
  uint32_t count = 0;

  // Rows (queries times the heads of a group) of a part, at most.
  uint32_t rows = 0;
};
Parts CutCall(const engine::AttentionShape& shape, uint32_t threads);

// Where the heads of a cache lie; offsets in bytes, the strides between one vector and the next.
struct CacheView {
  KvCode code = KvCode::kFp32;
  const std::byte* keys = nullptr;
  const std::byte* values = nullptr;
  const std::byte* key_scales = nullptr;
  const std::byte* value_scales = nullptr;
  uint64_t vector_bytes = 0;
};

// Floats of scratch that Attend needs for all threads.
uint64_t AttendFloats(const engine::AttentionShape& shape, uint32_t threads);
// The whole call on all threads of the pool: queries and output as in AttentionCall, fp32.
void Attend(quantfleet::cpu::ThreadPool& pool, const engine::AttentionShape& shape,
            const CacheView& cache, const float* queries, float* output, float* scratch);

}  // namespace quantfleet::attention::cpu
