// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/ops/attention/kv_cache.hpp"

namespace quantfleet::attention {

// Queries, keys and values are standard normal: with head_dimension values the scores are standard
// normal too, so that the softmax is neither flat nor a choice of one token.
inline constexpr std::string_view kCacheDistribution = "normal(0, 1)";

// softmax(q K^T / sqrt(d)) V in fp64 from fp32 operands widened exactly. `keys` and `values` are
// [batch, key_value_heads, context, head_dimension], `queries` and the result
// [batch, query_tokens, query_heads, head_dimension].
std::vector<double> AttendFp64(const engine::AttentionShape& shape, const std::vector<float>& keys,
                               const std::vector<float>& values, const std::vector<float>& queries);

// Queries, keys and values of one shape and seed, with the outputs they should give. A pure
// function of seed and shape.
class Problem {
 public:
  // `shape` is one that CheckShape accepts.
  Problem(uint32_t seed, const engine::AttentionShape& shape);

  const std::vector<float>& keys() const { return keys_; }
  const std::vector<float>& values() const { return values_; }
  const std::vector<float>& queries() const { return queries_; }

  // The packed cache, made anew at each call: it is large and used once, to be uploaded.
  Result<std::vector<std::byte>> Encode(const KvFormat& format) const;
  // Error of `output` against the references, which are made at the first call; tolerances are left
  // 0.
  Result<engine::OutputError> Compare(const KvFormat& format, const std::vector<float>& output);

  // Host memory held, about. Bytes.
  uint64_t bytes() const;

 private:
  struct Reference {
    std::vector<double> output;
    double sqnr_decibel = 0;
  };
  Result<const Reference*> ReferenceOf(const KvFormat& format);

  engine::AttentionShape shape_;
  std::vector<float> keys_;
  std::vector<float> values_;
  std::vector<float> queries_;
  // Of the values before encoding; empty until it is needed.
  std::vector<double> exact_;
  std::map<const KvFormat*, Reference> decoded_;
};

// The problems used last, within a bound of host memory.
class ProblemCache {
 public:
  explicit ProblemCache(uint64_t max_bytes) : max_bytes_(max_bytes) {}
  std::shared_ptr<Problem> Get(uint32_t seed, const engine::AttentionShape& shape);
  void Clear() { entries_.clear(); }

 private:
  struct Entry {
    uint32_t seed;
    engine::AttentionShape shape;
    std::shared_ptr<Problem> problem;
  };
  uint64_t max_bytes_;
  // Most recent first.
  std::list<Entry> entries_;
};

// Largest output_relative a format may have for data of kCacheDistribution, without the kernel's
// own error. Let e be ||decoded - x|| / ||x|| of the cache. An error of V comes out as it is, e; an
// error of K moves a score of unit variance by e, and the output by e of its norm; together
// sqrt(2) e (less for a single token, whose weight is 1 whatever its score). e by format:
//   fp16, fp8_e4m3: half a unit in the last of 11 or 4 bits, in the root mean square at most
//   2^-11 / sqrt(3) and 2^-4 / sqrt(3);
//   int8, int4: step / sqrt(12) with step = absmax / levels, and absmax of d normal values at most
//   sqrt(2 ln 2d) in the mean.
// 1.5 of that, and more where few outputs may be small by chance (as linear::OutputTolerance).
double OutputTolerance(const KvFormat& format, const engine::AttentionShape& shape);

}  // namespace quantfleet::attention
