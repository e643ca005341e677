// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <immintrin.h>

#include "kernels/ops/linear/cpu/blocks/isa/unroll.hpp"

// One of the instruction sets that multiply.hpp is written over: AVX-512 with VNNI and VBMI (Ice
// Lake, Zen 4 and later). Functions are named in isa/plain.hpp. Everything is in an unnamed
// namespace: a file compiled for one instruction set must not lend its code to another.
namespace quantfleet::linear::cpu::blocks {
namespace {

struct Avx512 {
  static constexpr uint32_t kRows = 16;
  static constexpr uint32_t kMostBatch = 8;
  using Bytes = __m512i;
  using Ints = __m512i;
  using Floats = __m512;

  // Into a register: loads are the bottleneck, and GCC would load anew for each use.
  static Bytes Load(const uint8_t* from) {
    Bytes bytes = _mm512_loadu_si512(from);
    asm("" : "+v"(bytes));
    return bytes;
  }
  static void Store(uint8_t* to, Bytes bytes) { _mm512_storeu_si512(to, bytes); }
  static Bytes And(Bytes a, uint8_t mask) {
    return _mm512_and_si512(a, _mm512_set1_epi8(static_cast<char>(mask)));
  }
  template <int kShift>
  static Bytes ShiftRight(Bytes a) {
    return _mm512_srli_epi16(a, kShift);
  }
  template <int kShift>
  static Bytes ShiftLeft(Bytes a) {
    return _mm512_slli_epi16(a, kShift);
  }
  static Bytes AndOr(Bytes a, uint8_t mask, Bytes b) {
    return _mm512_ternarylogic_epi64(a, _mm512_set1_epi8(static_cast<char>(mask)), b, 0xEA);
  }
  static Bytes Lookup16(const uint8_t* table, Bytes low_nibbles) {
    const __m128i row = _mm_loadu_si128(reinterpret_cast<const __m128i*>(table));
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(row), low_nibbles);
  }

  static Ints Mix(Ints sum, Bytes quad) { return _mm512_add_epi32(sum, quad); }
  static Ints Set(int32_t value) { return _mm512_set1_epi32(value); }
  static Ints Add(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  static Ints MulAdd(Ints a, Ints b, Ints sum) {
    return _mm512_add_epi32(sum, _mm512_mullo_epi32(a, b));
  }
  static Ints WidenUnsigned(const uint8_t* from) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static Ints WidenSigned(const uint8_t* from) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }

  template <uint32_t kQuads, uint32_t kMost>
  static Ints Dot(const Bytes* quads, const int8_t* x, Ints sum) {
    QF_UNROLL
    for (uint32_t q = 0; q < kQuads; ++q) {
      int32_t four = 0;
      __builtin_memcpy(&four, x + 4 * q, sizeof(four));
      sum = _mm512_dpbusd_epi32(sum, quads[q], _mm512_set1_epi32(four));
    }
    return sum;
  }
  // Codes are signed here: flipping the top bit adds 128, which `sum` has taken back.
  template <uint32_t kQuads>
  static Ints DotSigned(const Bytes* quads, const int8_t* x, Ints sum) {
    Bytes shifted[kQuads];
    QF_UNROLL
    for (uint32_t q = 0; q < kQuads; ++q) {
      shifted[q] = _mm512_xor_si512(quads[q], _mm512_set1_epi8(static_cast<char>(0x80)));
    }
    return Dot<kQuads, 255>(shifted, x, sum);
  }
  static constexpr bool kSignedByOffset = true;

  static Floats LoadFloats(const float* from) { return _mm512_loadu_ps(from); }
  static Floats SetFloat(float value) { return _mm512_set1_ps(value); }
  static Floats ToFloat(Ints a) { return _mm512_cvtepi32_ps(a); }
  static Floats Mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats FusedMulAdd(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  static Floats LoadHalf(const uint8_t* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  // 2^(e - 128) of the E8M0 bytes, as ggml halves it; e = 0 counts as 0.
  static Floats LoadHalvedE8M0(const uint8_t* from) {
    const Floats scale = _mm512_castsi512_ps(_mm512_slli_epi32(WidenUnsigned(from), 23));
    return _mm512_mul_ps(scale, _mm512_set1_ps(0.5F));
  }
  static Floats LoadHalvedE4M3(const uint8_t* from) {
    const Floats scale = _mm512_castsi512_ps(_mm512_slli_epi32(WidenUnsigned(from), 20));
    return _mm512_mul_ps(scale, _mm512_set1_ps(0x1p119F));
  }
  static void StoreFloats(float* to, Floats a) { _mm512_storeu_ps(to, a); }
};

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
