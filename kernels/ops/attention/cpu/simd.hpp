// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernels/ops/attention/kv_cache.hpp"
#include "kernels/ops/attention/shape.hpp"

// The vector code of attention on the CPU, compiled for several instruction sets and chosen at run
// time (simd_highway.cpp), or plain loops where Highway is not installed (simd_plain.cpp).
// Functions work on the caller's thread. Pointers need no alignment.
namespace quantfleet::attention::cpu {

// Lengths of vectors that the code below takes: whole multiples.
inline constexpr uint32_t kDimensionUnit = 16;

// One head of one sequence in a packed cache. The pointers are those of token 0; scales are nullptr
// for unscaled formats. A NaN of fp8_e4m3, which no encoder makes, is taken for 480.
struct HeadCache {
  KvCode code = KvCode::kFp32;
  uint32_t head_dimension = 0;
  const std::byte* keys = nullptr;
  const std::byte* values = nullptr;
  const std::byte* key_scales = nullptr;
  const std::byte* value_scales = nullptr;
};

// Rows of a running softmax (Milakov and Gimelshein, Online normalizer calculation for softmax,
// 2018). Before the first token maximum is kNoMaximum, sum and output are 0.
struct SoftmaxRows {
  uint32_t rows = 0;
  // [rows, head_dimension], already divided by sqrt(head_dimension).
  const float* queries = nullptr;
  // Tokens that each row sees.
  const TokenRange* visible = nullptr;
  // Largest score so far, and the sum of exp(score - maximum).
  float* maximum = nullptr;
  float* sum = nullptr;
  // [rows, head_dimension]: sum of exp(score - maximum) * value.
  float* output = nullptr;
};
// Below every score there is.
inline constexpr float kNoMaximum = -1e30F;

// Instruction set in use, lower case ("avx3", "plain").
std::string_view SimdTarget();

// Floats of scratch that AttendTokens needs.
uint64_t AttendScratchFloats(uint32_t head_dimension, uint32_t rows);
// Adds the tokens of `tokens` to the rows that see them.
void AttendTokens(const HeadCache& head, TokenRange tokens, const SoftmaxRows& rows,
                  float* scratch);

// Decodes `count` vectors, [count, head_dimension] floats: those of DecodeKvVectors.
void DecodeVectors(KvCode code, const std::byte* codes, const std::byte* scales, uint64_t count,
                   uint32_t head_dimension, float* to);

}  // namespace quantfleet::attention::cpu
