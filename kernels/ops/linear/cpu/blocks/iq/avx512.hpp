// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cpu/blocks/iq/tables.hpp"
#include "kernels/ops/linear/cpu/blocks/isa/avx512.hpp"

// See iq/plain.hpp for the layout of a unit.
namespace quantfleet::linear::cpu::blocks {
namespace {

template <class Isa>
struct Iq2XxsUnit;

template <>
struct Iq2XxsUnit<Avx512> {
  // table[index] for 64 indices: two permutations of 128 entries and a choice by the top bit.
  static __m512i Lookup256(const uint8_t* table, __m512i index, __mmask64 upper) {
    const __m512i low =
        _mm512_permutex2var_epi8(_mm512_load_si512(table), index, _mm512_load_si512(table + 64));
    const __m512i high = _mm512_permutex2var_epi8(_mm512_load_si512(table + 128), index,
                                                  _mm512_load_si512(table + 192));
    return _mm512_mask_mov_epi8(low, upper, high);
  }

  // The 2-bit codes of byte `group` of each row's four, each at the bottom of a byte of its own.
  static __m512i Spread(__m512i codes, uint32_t group) {
    const __m512i first = _mm512_set1_epi64(0x2624222006040200);
    const __m512i shifts = _mm512_add_epi8(first, _mm512_set1_epi8(static_cast<char>(8 * group)));
    return _mm512_multishift_epi64_epi8(shifts, codes);
  }

  // 64 plus or minus 8, 25 or 43. Six bits index the table; only the lowest two matter.
  static __m512i Values(__m512i codes, __mmask64 minus) {
    const __m512i plus = _mm512_permutexvar_epi8(codes, _mm512_set1_epi32(0x006B5948));
    return _mm512_mask_sub_epi8(plus, minus, _mm512_set1_epi8(static_cast<char>(0x80)), plus);
  }

  static void Decode(const uint8_t* unit, __m512i* quads) {
    const __m512i index = _mm512_loadu_si512(unit);
    const __mmask64 upper = _mm512_movepi8_mask(index);
    const __m512i low = Lookup256(kIq2XxsTables.low_codes, index, upper);
    const __m512i high = Lookup256(kIq2XxsTables.high_codes, index, upper);
    const auto* const fields = reinterpret_cast<const __m256i*>(unit + 64);
    const __m256i first = _mm256_loadu_si256(fields);
    const __m256i next = _mm256_and_si256(_mm256_loadu_si256(fields + 1), _mm256_set1_epi8(0x77));
    // Parity of each nibble pair, in bit 0 of the nibble, then to bit 3.
    __m256i parity = _mm256_xor_si256(first, next);
    parity = _mm256_xor_si256(parity, _mm256_srli_epi64(parity, 2));
    parity = _mm256_xor_si256(parity, _mm256_srli_epi64(parity, 1));
    parity = _mm256_and_si256(parity, _mm256_set1_epi8(0x11));
    alignas(32) uint64_t minus_low[4];
    alignas(32) uint64_t minus_high[4];
    _mm256_store_si256(reinterpret_cast<__m256i*>(minus_low), first);
    _mm256_store_si256(reinterpret_cast<__m256i*>(minus_high),
                       _mm256_or_si256(next, _mm256_slli_epi64(parity, 3)));
    QF_UNROLL
    for (uint32_t j = 0; j < 4; ++j) {
      quads[2 * j] = Values(Spread(low, j), minus_low[j]);
      quads[2 * j + 1] = Values(Spread(high, j), minus_high[j]);
    }
  }

  static __m512i Scale(const uint8_t* unit) {
    __m512i scale = _mm512_set1_epi32(1);
    QF_UNROLL
    for (uint32_t j = 0; j < 4; ++j) {
      uint64_t field = 0;
      __builtin_memcpy(&field, unit + 96 + 8 * j, sizeof(field));
      const auto bits = static_cast<__mmask16>(_pext_u64(field, 0x8888888888888888U));
      scale = _mm512_mask_or_epi32(scale, bits, scale, _mm512_set1_epi32(2 << j));
    }
    return scale;
  }
};

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
