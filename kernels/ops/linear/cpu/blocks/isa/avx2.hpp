// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <immintrin.h>

#include "kernels/ops/linear/cpu/blocks/isa/unroll.hpp"

// AVX2 with FMA and F16C (Haswell, Zen and later). See isa/avx512.hpp and isa/plain.hpp.
namespace quantfleet::linear::cpu::blocks {
namespace {

struct Avx2 {
  static constexpr uint32_t kRows = 8;
  static constexpr uint32_t kMostBatch = 4;
  using Bytes = __m256i;
  using Ints = __m256i;
  using Floats = __m256;

  // Into a register: loads are the bottleneck, and GCC would load anew for each use.
  static Bytes Load(const uint8_t* from) {
    Bytes bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    asm("" : "+x"(bytes));
    return bytes;
  }
  static void Store(uint8_t* to, Bytes bytes) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
  }
  static Bytes And(Bytes a, uint8_t mask) {
    return _mm256_and_si256(a, _mm256_set1_epi8(static_cast<char>(mask)));
  }
  template <int kShift>
  static Bytes ShiftRight(Bytes a) {
    return _mm256_srli_epi16(a, kShift);
  }
  template <int kShift>
  static Bytes ShiftLeft(Bytes a) {
    return _mm256_slli_epi16(a, kShift);
  }
  static Bytes AndOr(Bytes a, uint8_t mask, Bytes b) { return _mm256_or_si256(And(a, mask), b); }
  static Bytes Lookup16(const uint8_t* table, Bytes low_nibbles) {
    const __m128i row = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), low_nibbles);
  }

  static Ints Mix(Ints sum, Bytes quad) { return _mm256_add_epi32(sum, quad); }
  static Ints Set(int32_t value) { return _mm256_set1_epi32(value); }
  static Ints Add(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  static Ints MulAdd(Ints a, Ints b, Ints sum) {
    return _mm256_add_epi32(sum, _mm256_mullo_epi32(a, b));
  }
  static Ints WidenUnsigned(const uint8_t* from) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  }
  static Ints WidenSigned(const uint8_t* from) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)));
  }

  // Pairs of products fit 16 bits; so do as many sums of pairs as kMost allows.
  template <uint32_t kQuads, uint32_t kMost>
  static Ints Dot(const Bytes* quads, const int8_t* x, Ints sum) {
    constexpr uint32_t kFit = BitFloor(32767 / (2 * kMost * 127));
    static_assert(kFit >= 1);
    const __m256i ones = _mm256_set1_epi16(1);
    constexpr uint32_t kRun = kFit < kQuads ? kFit : kQuads;
    static_assert(kQuads % kRun == 0);
    QF_UNROLL
    for (uint32_t q = 0; q < kQuads; q += kRun) {
      __m256i pairs = _mm256_maddubs_epi16(quads[q], Four(x, q));
      QF_UNROLL
      for (uint32_t i = 1; i < kRun; ++i) {
        pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(quads[q + i], Four(x, q + i)));
      }
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
    }
    return sum;
  }
  // The sign goes to the activations: |code| is unsigned.
  template <uint32_t kQuads>
  static Ints DotSigned(const Bytes* quads, const int8_t* x, Ints sum) {
    const __m256i ones = _mm256_set1_epi16(1);
    QF_UNROLL
    for (uint32_t q = 0; q < kQuads; ++q) {
      const __m256i pairs =
          _mm256_maddubs_epi16(_mm256_abs_epi8(quads[q]), _mm256_sign_epi8(Four(x, q), quads[q]));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
    }
    return sum;
  }
  static constexpr bool kSignedByOffset = false;

  static Floats LoadFloats(const float* from) { return _mm256_loadu_ps(from); }
  static Floats SetFloat(float value) { return _mm256_set1_ps(value); }
  static Floats ToFloat(Ints a) { return _mm256_cvtepi32_ps(a); }
  static Floats Mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats FusedMulAdd(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  static Floats LoadHalf(const uint8_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static Floats LoadHalvedE8M0(const uint8_t* from) {
    const Floats scale = _mm256_castsi256_ps(_mm256_slli_epi32(WidenUnsigned(from), 23));
    return _mm256_mul_ps(scale, _mm256_set1_ps(0.5F));
  }
  static Floats LoadHalvedE4M3(const uint8_t* from) {
    const Floats scale = _mm256_castsi256_ps(_mm256_slli_epi32(WidenUnsigned(from), 20));
    return _mm256_mul_ps(scale, _mm256_set1_ps(0x1p119F));
  }
  static void StoreFloats(float* to, Floats a) { _mm256_storeu_ps(to, a); }

 private:
  static constexpr uint32_t BitFloor(uint32_t value) {
    uint32_t floor = 1;
    while (2 * floor <= value) floor *= 2;
    return floor;
  }
  static __m256i Four(const int8_t* x, uint32_t quad) {
    int32_t four = 0;
    __builtin_memcpy(&four, x + 4 * quad, sizeof(four));
    return _mm256_set1_epi32(four);
  }
};

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
