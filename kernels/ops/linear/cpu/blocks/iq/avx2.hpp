// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cpu/blocks/iq/tables.hpp"
#include "kernels/ops/linear/cpu/blocks/isa/avx2.hpp"

// See iq/plain.hpp for the layout of a unit.
namespace quantfleet::linear::cpu::blocks {
namespace {

template <class Isa>
struct Iq2XxsUnit;

template <>
struct Iq2XxsUnit<Avx2> {
  // Magnitudes of group j of rows a, a + 1 (low lane) and b, b + 1 (high lane).
  static __m256i Points(const uint8_t* index, uint32_t a, uint32_t b, uint32_t j) {
    const uint64_t* const grid = kIq2XxsTables.magnitudes;
    const __m128i low =
        _mm_insert_epi64(_mm_cvtsi64_si128(static_cast<int64_t>(grid[index[4 * a + j]])),
                         static_cast<int64_t>(grid[index[4 * a + 4 + j]]), 1);
    const __m128i high =
        _mm_insert_epi64(_mm_cvtsi64_si128(static_cast<int64_t>(grid[index[4 * b + j]])),
                         static_cast<int64_t>(grid[index[4 * b + 4 + j]]), 1);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  }

  // 64 plus or minus the magnitude, by the 32 sign bits.
  static __m256i Signed(__m256i magnitude, uint32_t minus) {
    const __m256i spread = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2,
                                            2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m256i bits = _mm256_set1_epi64x(static_cast<int64_t>(0x8040201008040201U));
    const __m256i bytes =
        _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int32_t>(minus)), spread);
    const __m256i mask = _mm256_cmpeq_epi8(_mm256_and_si256(bytes, bits), bits);
    const __m256i value = _mm256_sub_epi8(_mm256_xor_si256(magnitude, mask), mask);
    return _mm256_add_epi8(value, _mm256_set1_epi8(64));
  }

  static void Decode(const uint8_t* unit, __m256i* quads) {
    const auto* const fields = reinterpret_cast<const __m128i*>(unit + 32);
    const __m128i first = _mm_loadu_si128(fields);
    const __m128i next = _mm_and_si128(_mm_loadu_si128(fields + 1), _mm_set1_epi8(0x77));
    __m128i parity = _mm_xor_si128(first, next);
    parity = _mm_xor_si128(parity, _mm_srli_epi32(parity, 2));
    parity = _mm_xor_si128(parity, _mm_srli_epi32(parity, 1));
    parity = _mm_and_si128(parity, _mm_set1_epi8(0x11));
    alignas(16) uint32_t minus_low[4];
    alignas(16) uint32_t minus_high[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(minus_low), first);
    _mm_store_si128(reinterpret_cast<__m128i*>(minus_high),
                    _mm_or_si128(next, _mm_slli_epi32(parity, 3)));
    QF_UNROLL
    for (uint32_t j = 0; j < 4; ++j) {
      // In each lane, the first four elements of two rows of each and the last four.
      const __m256 one = _mm256_castsi256_ps(Points(unit, 0, 4, j));
      const __m256 two = _mm256_castsi256_ps(Points(unit, 2, 6, j));
      const __m256i low = _mm256_castps_si256(_mm256_shuffle_ps(one, two, 0x88));
      const __m256i high = _mm256_castps_si256(_mm256_shuffle_ps(one, two, 0xDD));
      quads[2 * j] = Signed(low, minus_low[j]);
      quads[2 * j + 1] = Signed(high, minus_high[j]);
    }
  }

  static __m256i Scale(const uint8_t* unit) {
    const __m256i tops = _mm256_setr_epi32(0x8, 0x80, 0x800, 0x8000, 0x80000, 0x800000, 0x8000000,
                                           static_cast<int32_t>(0x80000000U));
    __m256i scale = _mm256_set1_epi32(1);
    QF_UNROLL
    for (uint32_t j = 0; j < 4; ++j) {
      int32_t field = 0;
      __builtin_memcpy(&field, unit + 48 + 4 * j, sizeof(field));
      const __m256i set =
          _mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32(field), tops), tops);
      scale = _mm256_or_si256(scale, _mm256_and_si256(set, _mm256_set1_epi32(2 << j)));
    }
    return scale;
  }
};

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
