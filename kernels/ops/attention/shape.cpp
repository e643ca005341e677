// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/shape.hpp"

#include <string>

namespace quantfleet::attention {
namespace {

constexpr uint32_t kMostTokens = 1U << 20;
constexpr uint32_t kMostHeads = 1U << 10;
constexpr uint32_t kMostDimension = 1U << 10;
// Values of K or V. K and V as fp32 are 8 GiB then.
constexpr uint64_t kMostValues = uint64_t{1} << 30;
// Multiply-adds of one call: a minute or two of the fp64 check on one core.
constexpr uint64_t kMostMultiplyAdds = uint64_t{1} << 37;

}  // namespace

TokenRange VisibleTokens(const engine::AttentionShape& shape, uint32_t query) {
  return VisibleTokens(shape.context, shape.query_tokens, shape.window, query);
}

TokenRange TouchedTokens(const engine::AttentionShape& shape) {
  return {VisibleTokens(shape, 0).begin, shape.context};
}

uint64_t VisiblePairs(const engine::AttentionShape& shape) {
  uint64_t pairs = 0;
  for (uint32_t query = 0; query < shape.query_tokens; ++query) {
    const TokenRange visible = VisibleTokens(shape, query);
    pairs += visible.end - visible.begin;
  }
  return pairs;
}

uint64_t CacheVectors(const engine::AttentionShape& shape) {
  return uint64_t{shape.batch} * shape.key_value_heads * shape.context;
}

uint64_t QueryValues(const engine::AttentionShape& shape) {
  return uint64_t{shape.batch} * shape.query_tokens * shape.query_heads * shape.head_dimension;
}

Status CheckShape(const engine::AttentionShape& shape) {
  const auto [query_heads, heads, dimension, context, query_tokens, batch, window] = shape;
  if (query_heads == 0 || heads == 0 || dimension == 0 || context == 0 || query_tokens == 0 ||
      batch == 0) {
    return InvalidArgument(
        "attention needs query_heads, key_value_heads, head_dimension, context, query_tokens and "
        "batch of at least 1");
  }
  if (query_heads % heads != 0) {
    return InvalidArgument(std::to_string(query_heads) + " query heads cannot share " +
                           std::to_string(heads) + " heads of the cache evenly");
  }
  if (query_tokens > context) {
    return InvalidArgument(std::to_string(query_tokens) + " query tokens are more than the " +
                           std::to_string(context) + " tokens of the context, which has them last");
  }
  if (context > kMostTokens || window > kMostTokens || batch > kMostTokens ||
      query_heads > kMostHeads || dimension > kMostDimension ||
      CacheVectors(shape) > kMostValues / dimension) {
    return InvalidArgument(
        "attention takes up to 2^20 tokens, 1024 heads of 1024 values, and 2^30 keys' values");
  }
  const uint64_t per_pair = 2 * uint64_t{query_heads} * dimension * batch;
  if (VisiblePairs(shape) > kMostMultiplyAdds / per_pair) {
    return InvalidArgument(
        "attention takes up to 2^37 multiply-adds: its fp64 check takes minutes");
  }
  return OkStatus();
}

}  // namespace quantfleet::attention
