// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::attention {

// Tokens of a cache, [begin, end).
struct TokenRange {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// Tokens that query `query` of `query_tokens` sees: its own, token context - query_tokens + query,
// and those before it; with a window at most that many.
QF_HOST_DEVICE inline TokenRange VisibleTokens(uint32_t context, uint32_t query_tokens,
                                               uint32_t window, uint32_t query) {
  const uint32_t end = context - query_tokens + query + 1;
  return {window == 0 || window >= end ? 0 : end - window, end};
}

TokenRange VisibleTokens(const engine::AttentionShape& shape, uint32_t query);
// Tokens that any query sees.
TokenRange TouchedTokens(const engine::AttentionShape& shape);
// Pairs of a query and a token it sees, of one sequence and one head.
uint64_t VisiblePairs(const engine::AttentionShape& shape);

// Query heads that share one head of the cache.
inline uint32_t GroupOf(const engine::AttentionShape& shape) {
  return shape.query_heads / shape.key_value_heads;
}
// Vectors of head_dimension values in K, and as many in V: [batch, key_value_heads, context].
uint64_t CacheVectors(const engine::AttentionShape& shape);
// Values of the queries, and of the output: [batch, query_tokens, query_heads, head_dimension].
uint64_t QueryValues(const engine::AttentionShape& shape);

// ok, or kInvalidArgument with what is wrong: a size of 0, heads that do not share evenly, more
// queries than tokens, or more than the fp64 check can do in minutes.
Status CheckShape(const engine::AttentionShape& shape);

}  // namespace quantfleet::attention
