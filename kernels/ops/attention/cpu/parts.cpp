// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/cpu/parts.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace quantfleet::attention::cpu {
namespace {

using engine::AttentionShape;

// Rows of a part, about: enough that a decoded tile is used often, few enough that their queries
// and outputs stay in the cache beside it (64 rows of 128 values: 64 KiB).
constexpr uint32_t kRowsPerPart = 64;
// Shortest run of tokens worth a merge of its own.
constexpr uint32_t kShortestRun = 512;
// Parts for each thread: one that is held up leaves its share to the others.
constexpr uint32_t kPartsPerThread = 4;

uint32_t DivideUp(uint32_t a, uint32_t b) {
  return (a + b - 1) / b;
}

// What a part works on.
struct Part {
  uint32_t sequence;
  uint32_t head;
  uint32_t first_query;
  uint32_t queries;
  TokenRange tokens;
};

Part PartAt(const AttentionShape& shape, const Parts& parts, uint32_t index) {
  Part part{};
  const uint32_t split = index % parts.splits;
  index /= parts.splits;
  // The last queries see most: they go first, so that no long part is left for the end.
  part.first_query = (parts.query_runs - 1 - index % parts.query_runs) * parts.queries;
  part.queries = std::min(parts.queries, shape.query_tokens - part.first_query);
  index /= parts.query_runs;
  part.head = index % shape.key_value_heads;
  part.sequence = index / shape.key_value_heads;
  const TokenRange all = {VisibleTokens(shape, part.first_query).begin,
                          VisibleTokens(shape, part.first_query + part.queries - 1).end};
  const uint64_t length = all.end - all.begin;
  part.tokens = {all.begin + static_cast<uint32_t>(length * split / parts.splits),
                 all.begin + static_cast<uint32_t>(length * (split + 1) / parts.splits)};
  return part;
}

// Scratch of one thread, and of one part when parts are merged.
struct Room {
  float* queries;
  float* maximum;
  float* sum;
  float* output;
  float* rest;
};
Room RoomAt(float* at, uint64_t rows, uint64_t dimension) {
  return {at, at + rows * dimension, at + rows * (dimension + 1), at + rows * (dimension + 2),
          at + rows * (2 * dimension + 2)};
}
uint64_t PartialFloats(const AttentionShape& shape, const Parts& parts) {
  return parts.rows * (2 * uint64_t{shape.head_dimension} + 2);
}
uint64_t ThreadFloats(const AttentionShape& shape, const Parts& parts) {
  // Ranges of tokens lie there too, two words a row.
  return AttendScratchFloats(shape.head_dimension, parts.rows) + 2 * uint64_t{parts.rows};
}

class Call {
 public:
  Call(const AttentionShape& shape, const Parts& parts, const CacheView& cache,
       const float* queries, float* output)
      : shape_(shape), parts_(parts), cache_(cache), queries_(queries), output_(output) {}

  // Row r of a part belongs to query r / group and head r % group of the group.
  uint64_t RowOffset(const Part& part, uint32_t row) const {
    const uint32_t group = GroupOf(shape_);
    const uint64_t token =
        uint64_t{part.sequence} * shape_.query_tokens + part.first_query + row / group;
    return (token * shape_.query_heads + part.head * group + row % group) * shape_.head_dimension;
  }

  void Attend(const Part& part, const Room& room, float* scratch) const {
    const uint32_t rows = part.queries * GroupOf(shape_);
    const uint32_t dimension = shape_.head_dimension;
    auto* const visible = reinterpret_cast<TokenRange*>(scratch);
    const float scale = 1 / std::sqrt(static_cast<float>(dimension));
    for (uint32_t row = 0; row < rows; ++row) {
      const float* const from = queries_ + RowOffset(part, row);
      float* const to = room.queries + uint64_t{row} * dimension;
      for (uint32_t i = 0; i < dimension; ++i) to[i] = from[i] * scale;
      visible[row] = VisibleTokens(shape_, part.first_query + row / GroupOf(shape_));
    }
    std::fill_n(room.maximum, rows, kNoMaximum);
    std::fill_n(room.sum, rows, 0.0F);
    std::fill_n(room.output, uint64_t{rows} * dimension, 0.0F);
    AttendTokens(HeadOf(part), part.tokens,
                 {rows, room.queries, visible, room.maximum, room.sum, room.output},
                 scratch + 2 * uint64_t{parts_.rows});
  }

  // Writes the rows of `part` from `count` partial results, `stride` floats apart.
  void Finish(const Part& part, float* partial, uint32_t count, uint64_t stride) const {
    const uint32_t rows = part.queries * GroupOf(shape_);
    const uint32_t dimension = shape_.head_dimension;
    for (uint32_t row = 0; row < rows; ++row) {
      float maximum = kNoMaximum;
      for (uint32_t i = 0; i < count; ++i) {
        maximum =
            std::max(maximum, RoomAt(partial + i * stride, parts_.rows, dimension).maximum[row]);
      }
      float* const to = output_ + RowOffset(part, row);
      std::fill_n(to, dimension, 0.0F);
      float sum = 0;
      for (uint32_t i = 0; i < count; ++i) {
        const Room room = RoomAt(partial + i * stride, parts_.rows, dimension);
        const float weight = std::exp(room.maximum[row] - maximum);
        sum += weight * room.sum[row];
        const float* const from = room.output + uint64_t{row} * dimension;
        for (uint32_t d = 0; d < dimension; ++d) to[d] += weight * from[d];
      }
      for (uint32_t d = 0; d < dimension; ++d) to[d] /= sum;
    }
  }

 private:
  HeadCache HeadOf(const Part& part) const {
    const uint64_t first =
        (uint64_t{part.sequence} * shape_.key_value_heads + part.head) * shape_.context;
    const auto scales = [&](const std::byte* all) {
      return all == nullptr ? nullptr : all + first * sizeof(uint16_t);
    };
    return {cache_.code,
            shape_.head_dimension,
            cache_.keys + first * cache_.vector_bytes,
            cache_.values + first * cache_.vector_bytes,
            scales(cache_.key_scales),
            scales(cache_.value_scales)};
  }

  const AttentionShape& shape_;
  const Parts& parts_;
  const CacheView& cache_;
  const float* queries_;
  float* output_;
};

}  // namespace

Parts CutCall(const AttentionShape& shape, uint32_t threads) {
  Parts parts;
  const uint32_t group = GroupOf(shape);
  parts.queries = std::clamp(kRowsPerPart / group, 1U, shape.query_tokens);
  parts.query_runs = DivideUp(shape.query_tokens, parts.queries);
  parts.rows = parts.queries * group;
  const uint32_t runs = shape.batch * shape.key_value_heads * parts.query_runs;
  const TokenRange touched = TouchedTokens(shape);
  parts.splits = 1;
  // Whole runs for every thread need no split.
  if (runs < kPartsPerThread * threads && runs % threads != 0) {
    const uint32_t longest = (touched.end - touched.begin) / kShortestRun;
    parts.splits = std::clamp(DivideUp(kPartsPerThread * threads, runs), 1U, std::max(longest, 1U));
  }
  parts.count = runs * parts.splits;
  return parts;
}

uint64_t AttendFloats(const AttentionShape& shape, uint32_t threads) {
  const Parts parts = CutCall(shape, threads);
  const uint64_t partials = parts.splits > 1 ? parts.count : threads;
  return partials * PartialFloats(shape, parts) + threads * ThreadFloats(shape, parts);
}

void Attend(quantfleet::cpu::ThreadPool& pool, const AttentionShape& shape, const CacheView& cache,
            const float* queries, float* output, float* scratch) {
  const Parts parts = CutCall(shape, pool.threads());
  const Call call(shape, parts, cache, queries, output);
  const uint64_t partial = PartialFloats(shape, parts);
  float* const partials = scratch + pool.threads() * ThreadFloats(shape, parts);
  std::atomic<uint32_t> next{0};
  pool.Run([&](uint32_t thread) {
    float* const own = scratch + thread * ThreadFloats(shape, parts);
    for (uint32_t index = next++; index < parts.count; index = next++) {
      const Part part = PartAt(shape, parts, index);
      float* const to = partials + (parts.splits > 1 ? index : thread) * partial;
      call.Attend(part, RoomAt(to, parts.rows, shape.head_dimension), own);
      if (parts.splits == 1) call.Finish(part, to, 1, partial);
    }
  });
  if (parts.splits == 1) return;
  next = 0;
  pool.Run([&](uint32_t) {
    for (uint32_t run = next++; run < parts.count / parts.splits; run = next++) {
      const uint32_t first = run * parts.splits;
      call.Finish(PartAt(shape, parts, first), partials + first * partial, parts.splits, partial);
    }
  });
}

}  // namespace quantfleet::attention::cpu
