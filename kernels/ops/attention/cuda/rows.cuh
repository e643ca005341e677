// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/ops/attention/cuda/launch.hpp"
#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention::cuda {

// Below every score there is.
inline constexpr float kNoMaximum = -1e30F;

// Rows of one head of the cache of one sequence: row r is head r % group of query r / group, so
// that neighbours see the same tokens.
struct Rows {
  uint32_t group;
  uint32_t count;
  uint32_t head;
  uint32_t sequence;

  __device__ Rows(const AttendArguments& a, uint32_t head_of_cache)
      : group(a.query_heads / a.key_value_heads),
        count(group * a.query_tokens),
        head(head_of_cache % a.key_value_heads),
        sequence(head_of_cache / a.key_value_heads) {}

  // Position of a row's first value in queries and output.
  __device__ uint64_t Offset(const AttendArguments& a, uint32_t row) const {
    const uint64_t token = static_cast<uint64_t>(sequence) * a.query_tokens + row / group;
    return (token * a.query_heads + head * group + row % group) * a.head_dimension;
  }
  __device__ TokenRange Visible(const AttendArguments& a, uint32_t row) const {
    return VisibleTokens(a.context, a.query_tokens, a.window, row / group);
  }
  // Vector of token 0.
  __device__ uint64_t FirstVector(const AttendArguments& a) const {
    return (static_cast<uint64_t>(sequence) * a.key_value_heads + head) * a.context;
  }
};

}  // namespace quantfleet::attention::cuda
