// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "kernels/ops/linear/cpu/ablation/sums.hpp"

// As in simd_highway.cpp.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/linear/cpu/ablation/sums_highway.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/ops/linear/cpu/readers-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace quantfleet::linear::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

uint64_t XorWords(const std::byte* from, uint64_t bytes) {
  using Words = hn::ScalableTag<uint64_t>;
  constexpr size_t kChains = 4;
  const Words words;
  const uint64_t step = kChains * hn::Lanes(words) * sizeof(uint64_t);
  hn::Vec<Words> sums[kChains];
  for (auto& sum : sums) sum = hn::Zero(words);
  uint64_t at = 0;
  for (; at + step <= bytes; at += step) {
    for (size_t c = 0; c < kChains; ++c) {
      const auto* const next = from + at + c * (step / kChains);
      sums[c] = hn::Xor(sums[c], hn::LoadU(words, reinterpret_cast<const uint64_t*>(next)));
    }
  }
  const auto total = hn::Xor(hn::Xor(sums[0], sums[1]), hn::Xor(sums[2], sums[3]));
  uint64_t lanes[hn::MaxLanes(Words())];
  hn::StoreU(total, words, lanes);
  uint64_t result = 0;
  for (size_t i = 0; i < hn::Lanes(words); ++i) result ^= lanes[i];
  for (; at < bytes; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, from + at, std::min<uint64_t>(sizeof(word), bytes - at));
    result ^= word;
  }
  return result;
}

template <class Reader>
HWY_INLINE float SumDecodedRow(const Reader& reader, uint64_t row, uint64_t k) {
  constexpr size_t kChains = 4;
  V sums[kChains];
  for (V& sum : sums) sum = hn::Zero(D());
  uint64_t i = 0;
  for (; i + kUnit <= k; i += kUnit) {
    PrefetchUnits<1>(reader, row * k + i + kUnit);
    const auto unit = reader.At(row, i);
    for (size_t j = 0; j < kVectors; j += 2) {
      V first;
      V second;
      unit.Pair(j / 2, first, second);
      sums[j % kChains] = hn::Add(sums[j % kChains], first);
      sums[(j + 1) % kChains] = hn::Add(sums[(j + 1) % kChains], second);
    }
  }
  const V total = hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3]));
  float sum = hn::GetLane(hn::SumOfLanes(D(), total));
  for (; i < k; ++i) sum += reader.One(row, i);
  return sum * reader.Scale(row);
}

float SumDecodedRows(const PackedMatrix& weights, RowRange rows) {
  float sum = 0;
  WithReader(weights, [&](const auto& reader) {
    for (uint64_t row = rows.begin; row < rows.end; ++row) {
      sum += SumDecodedRow(reader, row, weights.k);
    }
  });
  return sum;
}

}  // namespace HWY_NAMESPACE
}  // namespace quantfleet::linear::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantfleet::linear::cpu {
namespace {
HWY_EXPORT(XorWords);
HWY_EXPORT(SumDecodedRows);
}  // namespace

uint64_t XorWords(const std::byte* from, uint64_t bytes) {
  return HWY_DYNAMIC_DISPATCH(XorWords)(from, bytes);
}

float SumDecodedRows(const PackedMatrix& weights, RowRange rows) {
  return HWY_DYNAMIC_DISPATCH(SumDecodedRows)(weights, rows);
}

}  // namespace quantfleet::linear::cpu
#endif
