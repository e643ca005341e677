// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>

#include "kernels/ops/linear/cpu/int8/dots.hpp"

// As in simd_highway.cpp.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/linear/cpu/int8/dots_highway.cpp"
#include <hwy/foreach_target.h>  // NOLINT: must come before highway.h
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace quantfleet::linear::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// One lane cannot hold pairs of words.
#if HWY_TARGET == HWY_SCALAR

void MultiplyCodes(const int8_t* w, uint64_t n, uint64_t k, const int16_t* x, uint64_t batch,
                   RowRange rows, int32_t* sums) {
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    for (uint64_t b = 0; b < batch; ++b) {
      int32_t sum = 0;
      for (uint64_t i = 0; i < k; ++i) sum += w[row * k + i] * x[b * k + i];
      sums[b * n + row] = sum;
    }
  }
}

#else

using Sums = hn::ScalableTag<int32_t>;
using Words = hn::Repartition<int16_t, Sums>;
using Codes = hn::Rebind<int8_t, Words>;

// R rows of w times B rows of x: each weight is widened once for all B.
template <size_t R, size_t B>
HWY_INLINE void Tile(const int8_t* HWY_RESTRICT w, uint64_t k, const int16_t* HWY_RESTRICT x,
                     int32_t* sums, uint64_t n) {
  const Sums wide;
  const Words words;
  const size_t lanes = hn::Lanes(words);
  // The instruction leaves odd products in the second sum where it does not add the pairs itself.
  hn::Vec<Sums> first[R][B];
  hn::Vec<Sums> second[R][B];
  for (size_t r = 0; r < R; ++r) {
    for (size_t b = 0; b < B; ++b) first[r][b] = second[r][b] = hn::Zero(wide);
  }
  uint64_t i = 0;
  for (; i + lanes <= k; i += lanes) {
    hn::Vec<Words> activations[B];
    for (size_t b = 0; b < B; ++b) activations[b] = hn::LoadU(words, x + b * k + i);
    for (size_t r = 0; r < R; ++r) {
      const auto weights = hn::PromoteTo(words, hn::LoadU(Codes(), w + r * k + i));
      for (size_t b = 0; b < B; ++b) {
        first[r][b] =
            hn::ReorderWidenMulAccumulate(wide, weights, activations[b], first[r][b], second[r][b]);
      }
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t b = 0; b < B; ++b) {
      int32_t sum = hn::GetLane(hn::SumOfLanes(wide, hn::Add(first[r][b], second[r][b])));
      for (uint64_t t = i; t < k; ++t) sum += w[r * k + t] * x[b * k + t];
      sums[b * n + r] = sum;
    }
  }
}

// One row at a time while memory is the limit: the hardware follows a single stream best.
constexpr size_t kTileRows = 4;
constexpr size_t kTileBatch = 4;
// Rows of x that pass by a tile of w before the next tile: 16 bits a code, some of them in L2.
constexpr uint64_t kBatchBytes = uint64_t{384} * 1024;

template <size_t R>
HWY_INLINE void TileOfBatch(size_t count, const int8_t* w, uint64_t k, const int16_t* x,
                            int32_t* sums, uint64_t n) {
  switch (count) {
    case 1:
      return Tile<R, 1>(w, k, x, sums, n);
    case 2:
      return Tile<R, 2>(w, k, x, sums, n);
    case 3:
      return Tile<R, 3>(w, k, x, sums, n);
    default:
      return Tile<R, kTileBatch>(w, k, x, sums, n);
  }
}

template <size_t R>
HWY_INLINE void Strip(const int8_t* w, uint64_t k, const int16_t* x, uint64_t batch, int32_t* sums,
                      uint64_t n) {
  for (uint64_t b = 0; b < batch; b += kTileBatch) {
    TileOfBatch<R>(std::min<size_t>(kTileBatch, batch - b), w, k, x + b * k, sums + b * n, n);
  }
}

void MultiplyCodes(const int8_t* w, uint64_t n, uint64_t k, const int16_t* x, uint64_t batch,
                   RowRange rows, int32_t* sums) {
  const uint64_t fitting = kBatchBytes / sizeof(int16_t) / k / kTileBatch * kTileBatch;
  const uint64_t part = std::max<uint64_t>(kTileBatch, fitting);
  for (uint64_t b = 0; b < batch; b += part) {
    const uint64_t count = std::min(part, batch - b);
    const int16_t* const from = x + b * k;
    int32_t* const to = sums + b * n;
    uint64_t row = rows.begin;
    if (count > 1) {
      for (; row + kTileRows <= rows.end; row += kTileRows) {
        Strip<kTileRows>(w + row * k, k, from, count, to + row, n);
      }
    }
    for (; row < rows.end; ++row) Strip<1>(w + row * k, k, from, count, to + row, n);
  }
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace quantfleet::linear::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantfleet::linear::cpu {
namespace {
HWY_EXPORT(MultiplyCodes);
}  // namespace

void MultiplyCodes(const int8_t* w, uint64_t n, uint64_t k, const int16_t* x, uint64_t batch,
                   RowRange rows, int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(MultiplyCodes)(w, n, k, x, batch, rows, sums);
}

}  // namespace quantfleet::linear::cpu
#endif
