// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/ops/attention/cpu/simd.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"

// Vectors of unknown length cannot be array elements, which the tiles below need.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/attention/cpu/simd_highway.cpp"
#include <hwy/foreach_target.h>  // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/ops/attention/cpu/readers-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace quantfleet::attention::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Tokens whose scores are made before any value is read, and those whose dot products run side by
// side.
constexpr size_t kTile = 64;
constexpr size_t kTokens = 4;
// Rows that share what is decoded, and units of the output held in registers beside them.
constexpr size_t kRows = kManyRegisters ? 4 : 2;
constexpr size_t kOutputUnits = kManyRegisters ? 4 : (kParts == 2 ? 2 : 1);
// From so many rows on a tile is decoded to memory once instead of once for each kRows.
constexpr uint32_t kDecodeRows = 3 * kRows;

// Scales of `count` vectors times `factor`.
HWY_INLINE void LoadScales(const std::byte* scales, size_t count, float factor, float* to) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits = 0;
    if (scales != nullptr) std::memcpy(&bits, scales + i * sizeof(bits), sizeof(bits));
    to[i] = scales != nullptr ? formats::DecodeFp16(bits) * factor : factor;
  }
}

// The sums of the lanes of four vectors, one after the other.
#if HWY_TARGET == HWY_SCALAR
HWY_INLINE void StoreSums(V a, V b, V c, V d, float* to) {
  for (const V& sum : {a, b, c, d}) *to++ = hn::GetLane(sum);
}
#else
template <class Tag>
HWY_INLINE void StoreFolded(Tag tag, hn::Vec<Tag> sums, float* to) {
  if constexpr (hn::MaxLanes(Tag()) == 4) {
    hn::StoreU(sums, tag, to);
  } else {
    const hn::Half<Tag> half;
    StoreFolded(half, hn::Add(hn::LowerHalf(half, sums), hn::UpperHalf(half, sums)), to);
  }
}
HWY_INLINE void StoreSums(V a, V b, V c, V d, float* to) {
  const D tag;
  const hn::RepartitionToWide<hn::RebindToUnsigned<D>> pairs;
  const V ab = hn::Add(hn::InterleaveLower(tag, a, b), hn::InterleaveUpper(tag, a, b));
  const V cd = hn::Add(hn::InterleaveLower(tag, c, d), hn::InterleaveUpper(tag, c, d));
  const auto wide_ab = hn::BitCast(pairs, ab);
  const auto wide_cd = hn::BitCast(pairs, cd);
  // Each block of four lanes holds a part of the four sums.
  const V parts = hn::Add(hn::BitCast(tag, hn::InterleaveLower(pairs, wide_ab, wide_cd)),
                          hn::BitCast(tag, hn::InterleaveUpper(pairs, wide_ab, wide_cd)));
  StoreFolded(tag, parts, to);
}
#endif

// Dot products of R rows and T (1 or kTokens) vectors from `codes` on, to scores[r * kTile + t].
template <size_t R, size_t T, class Reader>
HWY_INLINE void Scores(const std::byte* codes, size_t dimension, const float* HWY_RESTRICT queries,
                       float* HWY_RESTRICT scores) {
  const size_t stride = BytesOf<Reader>(dimension);
  V sums[R][T];
  for (auto& of_row : sums) {
    for (V& sum : of_row) sum = hn::Zero(D());
  }
  for (size_t i = 0; i < dimension; i += kUnit) {
    V keys[T][kParts];
    for (size_t t = 0; t < T; ++t) {
      Reader::Unit(codes + t * stride + BytesOf<Reader>(i), keys[t]);
    }
    for (size_t p = 0; p < kParts; ++p) {
      for (size_t r = 0; r < R; ++r) {
        const V query = hn::LoadU(D(), queries + r * dimension + i + p * kLanes);
        for (size_t t = 0; t < T; ++t) sums[r][t] = hn::MulAdd(query, keys[t][p], sums[r][t]);
      }
    }
  }
  for (size_t r = 0; r < R; ++r) {
    if constexpr (T == kTokens) {
      StoreSums(sums[r][0], sums[r][1], sums[r][2], sums[r][3], scores + r * kTile);
    } else {
      scores[r * kTile] = hn::GetLane(hn::SumOfLanes(D(), sums[r][0]));
    }
  }
}

// U units of R rows of the output: adds weights[r * kTile + t] times vector t, for all `count`.
template <size_t R, size_t U, class Reader>
HWY_INLINE void AddValues(const std::byte* codes, size_t count, size_t dimension,
                          const float* HWY_RESTRICT weights, float* HWY_RESTRICT output) {
  const size_t stride = BytesOf<Reader>(dimension);
  V sums[R][U][kParts];
  for (size_t r = 0; r < R; ++r) {
    for (size_t u = 0; u < U; ++u) {
      for (size_t p = 0; p < kParts; ++p) {
        sums[r][u][p] = hn::LoadU(D(), output + r * dimension + u * kUnit + p * kLanes);
      }
    }
  }
  for (size_t t = 0; t < count; ++t) {
    V values[U][kParts];
    for (size_t u = 0; u < U; ++u) {
      Reader::Unit(codes + t * stride + BytesOf<Reader>(u * kUnit), values[u]);
    }
    for (size_t r = 0; r < R; ++r) {
      const V weight = hn::Set(D(), weights[r * kTile + t]);
      for (size_t u = 0; u < U; ++u) {
        for (size_t p = 0; p < kParts; ++p) {
          sums[r][u][p] = hn::MulAdd(weight, values[u][p], sums[r][u][p]);
        }
      }
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t u = 0; u < U; ++u) {
      for (size_t p = 0; p < kParts; ++p) {
        hn::StoreU(sums[r][u][p], D(), output + r * dimension + u * kUnit + p * kLanes);
      }
    }
  }
}

template <size_t R, class Reader>
HWY_INLINE void ScoreTile(const std::byte* codes, size_t count, size_t dimension,
                          const float* queries, float* scores) {
  const size_t stride = BytesOf<Reader>(dimension);
  size_t t = 0;
  for (; t + kTokens <= count; t += kTokens) {
    Scores<R, kTokens, Reader>(codes + t * stride, dimension, queries, scores + t);
  }
  for (; t < count; ++t) Scores<R, 1, Reader>(codes + t * stride, dimension, queries, scores + t);
}

template <size_t R, class Reader>
HWY_INLINE void AddTile(const std::byte* codes, size_t count, size_t dimension,
                        const float* weights, float* output) {
  size_t i = 0;
  for (; i + kOutputUnits * kUnit <= dimension; i += kOutputUnits * kUnit) {
    AddValues<R, kOutputUnits, Reader>(codes + BytesOf<Reader>(i), count, dimension, weights,
                                       output + i);
  }
  for (; i < dimension; i += kUnit) {
    AddValues<R, 1, Reader>(codes + BytesOf<Reader>(i), count, dimension, weights, output + i);
  }
}

// All rows, kRows at a time. `step` is called with the number of rows as a constant.
template <class Step>
HWY_INLINE void ForRowBlocks(uint32_t rows, const Step& step) {
  uint32_t r = 0;
  for (; r + kRows <= rows; r += kRows) step(r, std::integral_constant<size_t, kRows>());
  for (; r + 2 <= rows; r += 2) step(r, std::integral_constant<size_t, 2>());
  for (; r < rows; ++r) step(r, std::integral_constant<size_t, 1>());
}

// Scores of one row over a tile that starts at token `first` become weights: exp(score - maximum)
// times the vectors' value scale, 0 where the row does not see. Moves the row's maximum, sum and
// output along.
HWY_NOINLINE void Soften(uint32_t first, size_t count, size_t dimension, const float* key_scales,
                         const float* value_scales, const SoftmaxRows& rows, uint32_t row,
                         float* HWY_RESTRICT scores) {
  const D tag;
  const TokenRange visible = rows.visible[row];
  const size_t begin = std::clamp<size_t>(visible.begin, first, first + count) - first;
  const size_t end = std::clamp<size_t>(visible.end, first, first + count) - first;
  if (begin >= end) {
    std::fill_n(scores, kTile, 0.0F);
    return;
  }
  V largest = hn::Set(tag, kNoMaximum);
  std::fill_n(scores + count, kTile - count, kNoMaximum);
  for (size_t t = 0; t < kTile; t += kLanes) {
    const V scaled = hn::Mul(hn::LoadU(tag, scores + t), hn::LoadU(tag, key_scales + t));
    hn::StoreU(scaled, tag, scores + t);
  }
  std::fill_n(scores, begin, kNoMaximum);
  std::fill_n(scores + end, kTile - end, kNoMaximum);
  for (size_t t = 0; t < kTile; t += kLanes) {
    largest = hn::Max(largest, hn::LoadU(tag, scores + t));
  }
  const float former = rows.maximum[row];
  const V maximum = hn::Max(hn::Set(tag, former), hn::MaxOfLanes(tag, largest));
  V sum = hn::Zero(tag);
  for (size_t t = 0; t < kTile; t += kLanes) {
    const V weight = hn::Exp(tag, hn::Sub(hn::LoadU(tag, scores + t), maximum));
    sum = hn::Add(sum, weight);
    hn::StoreU(hn::Mul(weight, hn::LoadU(tag, value_scales + t)), tag, scores + t);
  }
  const V correction = hn::Exp(tag, hn::Sub(hn::Set(tag, former), maximum));
  rows.sum[row] = rows.sum[row] * hn::GetLane(correction) + hn::GetLane(hn::SumOfLanes(tag, sum));
  rows.maximum[row] = hn::GetLane(maximum);
  if (rows.maximum[row] == former) return;
  float* const output = rows.output + row * dimension;
  for (size_t i = 0; i < dimension; i += kLanes) {
    hn::StoreU(hn::Mul(correction, hn::LoadU(tag, output + i)), tag, output + i);
  }
}

template <class Reader>
HWY_INLINE void DecodeTile(const std::byte* codes, size_t count, size_t dimension, float* to) {
  for (size_t i = 0; i < count * dimension; i += kUnit) {
    V values[kParts];
    Reader::Unit(codes + BytesOf<Reader>(i), values);
    for (size_t p = 0; p < kParts; ++p) hn::StoreU(values[p], D(), to + i + p * kLanes);
  }
}

template <class Reader>
HWY_INLINE void ScoreRows(const std::byte* codes, size_t count, size_t dimension,
                          const SoftmaxRows& rows, float* scores) {
  ForRowBlocks(rows.rows, [&](uint32_t r, auto block) {
    ScoreTile<decltype(block)::value, Reader>(codes, count, dimension, rows.queries + r * dimension,
                                              scores + r * kTile);
  });
}

template <class Reader>
HWY_INLINE void AddRows(const std::byte* codes, size_t count, size_t dimension,
                        const SoftmaxRows& rows, const float* scores) {
  ForRowBlocks(rows.rows, [&](uint32_t r, auto block) {
    AddTile<decltype(block)::value, Reader>(codes, count, dimension, scores + r * kTile,
                                            rows.output + r * dimension);
  });
}

template <class Reader>
void Attend(const HeadCache& head, TokenRange tokens, const SoftmaxRows& rows, float* scratch) {
  const size_t dimension = head.head_dimension;
  const size_t stride = BytesOf<Reader>(dimension);
  // 32 bits are decoded as they are.
  const bool decode_first = Reader::kBits < 32 && rows.rows >= kDecodeRows;
  float* const key_scales = scratch;
  float* const value_scales = scratch + kTile;
  float* const scores = scratch + 2 * kTile;
  float* const decoded = scores + rows.rows * kTile;
  const auto* const floats = reinterpret_cast<const std::byte*>(decoded);
  for (uint32_t first = tokens.begin; first < tokens.end; first += kTile) {
    const size_t count = std::min<size_t>(kTile, tokens.end - first);
    const auto scales_at = [&](const std::byte* scales) {
      return scales == nullptr ? nullptr : scales + first * sizeof(uint16_t);
    };
    std::fill_n(key_scales, 2 * kTile, 0.0F);
    LoadScales(scales_at(head.key_scales), count, Reader::kFactor, key_scales);
    LoadScales(scales_at(head.value_scales), count, Reader::kFactor, value_scales);
    const std::byte* const keys = head.keys + first * stride;
    const std::byte* const values = head.values + first * stride;
    if (decode_first) {
      DecodeTile<Reader>(keys, count, dimension, decoded);
      ScoreRows<Fp32Reader>(floats, count, dimension, rows, scores);
    } else {
      ScoreRows<Reader>(keys, count, dimension, rows, scores);
    }
    for (uint32_t r = 0; r < rows.rows; ++r) {
      Soften(first, count, dimension, key_scales, value_scales, rows, r, scores + r * kTile);
    }
    if (decode_first) {
      DecodeTile<Reader>(values, count, dimension, decoded);
      AddRows<Fp32Reader>(floats, count, dimension, rows, scores);
    } else {
      AddRows<Reader>(values, count, dimension, rows, scores);
    }
  }
}

void AttendTokens(const HeadCache& head, TokenRange tokens, const SoftmaxRows& rows,
                  float* scratch) {
  WithReader(head.code,
             [&](auto reader) { Attend<decltype(reader)>(head, tokens, rows, scratch); });
}

uint64_t AttendScratchFloats(uint32_t head_dimension, uint32_t rows) {
  return kTile * (2 + uint64_t{rows} + head_dimension);
}

void DecodeVectors(KvCode code, const std::byte* codes, const std::byte* scales, uint64_t count,
                   uint32_t head_dimension, float* to) {
  WithReader(code, [&](auto reader) {
    using Reader = decltype(reader);
    for (uint64_t vector = 0; vector < count; ++vector) {
      float scale = 0;
      LoadScales(scales == nullptr ? nullptr : scales + vector * sizeof(uint16_t), 1,
                 Reader::kFactor, &scale);
      for (size_t i = 0; i < head_dimension; i += kUnit) {
        V values[kParts];
        Reader::Unit(codes + BytesOf<Reader>(vector * head_dimension + i), values);
        float* const at = to + vector * head_dimension + i;
        for (size_t p = 0; p < kParts; ++p) {
          hn::StoreU(hn::Mul(values[p], hn::Set(D(), scale)), D(), at + p * kLanes);
        }
      }
    }
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace quantfleet::attention::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantfleet::attention::cpu {
namespace {
HWY_EXPORT(AttendTokens);
HWY_EXPORT(AttendScratchFloats);
HWY_EXPORT(DecodeVectors);
}  // namespace

std::string_view SimdTarget() {
  // Both files are compiled for the same instruction sets.
  return linear::cpu::SimdTarget();
}

uint64_t AttendScratchFloats(uint32_t head_dimension, uint32_t rows) {
  return HWY_DYNAMIC_DISPATCH(AttendScratchFloats)(head_dimension, rows);
}

void AttendTokens(const HeadCache& head, TokenRange tokens, const SoftmaxRows& rows,
                  float* scratch) {
  HWY_DYNAMIC_DISPATCH(AttendTokens)(head, tokens, rows, scratch);
}

void DecodeVectors(KvCode code, const std::byte* codes, const std::byte* scales, uint64_t count,
                   uint32_t head_dimension, float* to) {
  HWY_DYNAMIC_DISPATCH(DecodeVectors)(code, codes, scales, count, head_dimension, to);
}

}  // namespace quantfleet::attention::cpu
#endif
