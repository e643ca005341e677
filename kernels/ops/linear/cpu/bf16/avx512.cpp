// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "kernels/ops/linear/cpu/bf16/layout.hpp"
#include "kernels/ops/linear/cpu/bf16/vector_code.hpp"
#include "kernels/ops/linear/cpu/blocks/isa/unroll.hpp"

// AVX-512 with BF16 (Cooper Lake, Sapphire Rapids, Zen 4 and later). Only the constants of
// layout.hpp are used: a file compiled for one instruction set must not lend functions to others.
namespace quantfleet::linear::cpu::bf16 {
namespace {

static_assert(kTileRows == 16 && kChunkRows == 8 && kGroupTiles == 3 && kRoundColumns == 32);

// 32 columns of a row as 16 pairs. Columns from `columns` on are zero.
inline __m512i RoundPairs(const float* from, uint64_t columns) {
  const __mmask32 mask = columns >= kRoundColumns ? ~__mmask32{0} : (__mmask32{1} << columns) - 1U;
  const __m512 low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
  const __m512 high =
      _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> kTileRows), from + kTileRows);
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// Lane i, 128 bits, of each of a, b, c and d, in this order, to `to` + i * 128.
inline void StoreLanes(__m512i a, __m512i b, __m512i c, __m512i d, std::byte* to) {
  const __m512i even_ab = _mm512_shuffle_i32x4(a, b, 0x88);
  const __m512i odd_ab = _mm512_shuffle_i32x4(a, b, 0xDD);
  const __m512i even_cd = _mm512_shuffle_i32x4(c, d, 0x88);
  const __m512i odd_cd = _mm512_shuffle_i32x4(c, d, 0xDD);
  // even_ab is a0 a2 b0 b2: lanes 0 and 2 of it go together.
  _mm512_store_si512(to, _mm512_shuffle_i32x4(even_ab, even_cd, 0x88));
  _mm512_store_si512(to + 128, _mm512_shuffle_i32x4(odd_ab, odd_cd, 0x88));
  _mm512_store_si512(to + 256, _mm512_shuffle_i32x4(even_ab, even_cd, 0xDD));
  _mm512_store_si512(to + 384, _mm512_shuffle_i32x4(odd_ab, odd_cd, 0xDD));
}

// Sixteen pairs of eight rows, [row][pair], as [pair][row].
inline void StoreTransposed(const __m512i* rows, std::byte* to) {
  __m512i quads[kChunkRows];  // [first four rows, last four][pair of four], in each 128 bits
  QF_UNROLL
  for (uint64_t half = 0; half < 2; ++half) {
    const __m512i* const r = rows + 4 * half;
    const __m512i low01 = _mm512_unpacklo_epi32(r[0], r[1]);
    const __m512i high01 = _mm512_unpackhi_epi32(r[0], r[1]);
    const __m512i low23 = _mm512_unpacklo_epi32(r[2], r[3]);
    const __m512i high23 = _mm512_unpackhi_epi32(r[2], r[3]);
    quads[4 * half] = _mm512_unpacklo_epi64(low01, low23);
    quads[4 * half + 1] = _mm512_unpackhi_epi64(low01, low23);
    quads[4 * half + 2] = _mm512_unpacklo_epi64(high01, high23);
    quads[4 * half + 3] = _mm512_unpackhi_epi64(high01, high23);
  }
  StoreLanes(quads[0], quads[4], quads[1], quads[5], to);
  StoreLanes(quads[2], quads[6], quads[3], quads[7], to + 64);
}

// As VectorCode::round.
template <uint64_t kCount>
void RoundChunk(const RowsToRound& rows) {
  std::byte* to = rows.to;
  for (uint64_t at = 0; at < rows.columns; at += kRoundColumns) {
    __m512i pairs[kChunkRows];
    QF_UNROLL
    for (uint64_t b = 0; b < kChunkRows; ++b) {
      pairs[b] = b < kCount ? RoundPairs(rows.from + b * rows.stride + at, rows.columns - at)
                            : _mm512_setzero_si512();
    }
    if constexpr (kCount == 1) {
      _mm512_store_si512(to, pairs[0]);
    } else if constexpr (kCount == kChunkRows) {
      StoreTransposed(pairs, to);
    } else {
      alignas(64) std::byte whole[kTileRows * kChunkPairBytes];
      StoreTransposed(pairs, whole);
      QF_UNROLL
      for (uint64_t pair = 0; pair < kTileRows; ++pair) {
        __builtin_memcpy(to + pair * kCount * 4, whole + pair * kChunkRows * 4, kCount * 4);
      }
    }
    to += kTileRows * kCount * 4;
  }
}

void Round(const RowsToRound& rows) {
  static constexpr void (*kFunctions[kChunkRows])(const RowsToRound&) = {
      &RoundChunk<1>, &RoundChunk<2>, &RoundChunk<3>, &RoundChunk<4>,
      &RoundChunk<5>, &RoundChunk<6>, &RoundChunk<7>, &RoundChunk<8>};
  kFunctions[rows.rows - 1](rows);
}

template <uint64_t kTiles, uint64_t kBatch>
void Multiply(const TileProduct& product) {
  __mmask16 masks[kTiles];
  for (auto& mask : masks) mask = 0xFFFF;
  masks[kTiles - 1] = static_cast<__mmask16>((1U << product.last_rows) - 1U);
  __m512 sums[kBatch][kTiles];
  QF_UNROLL
  for (uint64_t b = 0; b < kBatch; ++b) {
    QF_UNROLL
    for (uint64_t t = 0; t < kTiles; ++t) {
      sums[b][t] = _mm512_setzero_ps();
      // Needed at the end, and far away.
      _mm_prefetch(product.y + b * product.y_stride + t * kTileRows, _MM_HINT_T0);
    }
  }
  constexpr uint64_t kPairBytes = 4 * kBatch;
  const std::byte* weights = product.weights;
  const std::byte* x = product.x;
  const uint64_t stride = product.stride;
  for (uint64_t pair = product.pairs; pair > 0; --pair, weights += stride, x += kPairBytes) {
    __m512i w[kTiles];
    QF_UNROLL
    for (uint64_t t = 0; t < kTiles; ++t) {
      w[t] = _mm512_loadu_si512(weights + t * kTilePairBytes);
      // Into a register: GCC would load anew for each use.
      asm("" : "+v"(w[t]));
    }
    QF_UNROLL
    for (uint64_t b = 0; b < kBatch; ++b) {
      int32_t two = 0;
      __builtin_memcpy(&two, x + 4 * b, sizeof(two));
      __m512i both = _mm512_set1_epi32(two);
      asm("" : "+v"(both));
      QF_UNROLL
      for (uint64_t t = 0; t < kTiles; ++t) {
        sums[b][t] = _mm512_dpbf16_ps(sums[b][t], reinterpret_cast<__m512bh>(w[t]),
                                      reinterpret_cast<__m512bh>(both));
      }
    }
  }
  QF_UNROLL
  for (uint64_t b = 0; b < kBatch; ++b) {
    QF_UNROLL
    for (uint64_t t = 0; t < kTiles; ++t) {
      float* const y = product.y + b * product.y_stride + t * kTileRows;
      if (product.begun) {
        sums[b][t] = _mm512_add_ps(sums[b][t], _mm512_maskz_loadu_ps(masks[t], y));
      }
      _mm512_mask_storeu_ps(y, masks[t], sums[b][t]);
    }
  }
}

using MultiplyFunction = void (*)(const TileProduct& product);

template <uint64_t kTiles>
MultiplyFunction ForRowsOfX(uint64_t rows_of_x) {
  static constexpr MultiplyFunction kFunctions[kChunkRows] = {
      &Multiply<kTiles, 1>, &Multiply<kTiles, 2>, &Multiply<kTiles, 3>, &Multiply<kTiles, 4>,
      &Multiply<kTiles, 5>, &Multiply<kTiles, 6>, &Multiply<kTiles, 7>, &Multiply<kTiles, 8>};
  return kFunctions[rows_of_x - 1];
}

void MultiplyTiles(const TileProduct& product) {
  if (product.tiles == 1) return ForRowsOfX<1>(product.rows_of_x)(product);
  if (product.tiles == 2) return ForRowsOfX<2>(product.rows_of_x)(product);
  ForRowsOfX<3>(product.rows_of_x)(product);
}

}  // namespace

extern const VectorCode kAvx512VectorCode;
constexpr VectorCode kAvx512VectorCode = {"avx512_bf16", &Round, &MultiplyTiles};

}  // namespace quantfleet::linear::cpu::bf16
