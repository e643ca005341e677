// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cpu/blocks/activations.hpp"

// Plain loops that each instruction set's file compiles, and vectorizes, for itself.
namespace quantfleet::linear::cpu::blocks {
namespace {

// Adding it leaves a float below 2^22 rounded to nearest even in its low bits.
inline constexpr float kRoundingShift = 12582912.0F;
inline constexpr int32_t kShiftBits = 0x4B400000;

// Bits of floats compare as integers once the sign is off, and integer loops vectorize.
template <uint32_t kBlock>
inline float LargestMagnitude(const float* x) {
  int32_t most = 0;
  for (uint32_t i = 0; i < kBlock; ++i) {
    int32_t bits = 0;
    __builtin_memcpy(&bits, x + i, sizeof(bits));
    bits &= 0x7FFFFFFF;
    most = bits > most ? bits : most;
  }
  float value = 0;
  __builtin_memcpy(&value, &most, sizeof(value));
  return value;
}

// Codes of kGroup values, and their sum.
template <uint32_t kGroup>
inline int32_t QuantizeGroup(const float* x, float factor, int8_t* codes) {
  int32_t rounded[kGroup];
  for (uint32_t i = 0; i < kGroup; ++i) {
    const float shifted = x[i] * factor + kRoundingShift;
    int32_t bits = 0;
    __builtin_memcpy(&bits, &shifted, sizeof(bits));
    rounded[i] = bits - kShiftBits;
  }
  int32_t sum = 0;
  for (uint32_t i = 0; i < kGroup; ++i) sum += rounded[i];
  for (uint32_t i = 0; i < kGroup; ++i) codes[i] = static_cast<int8_t>(rounded[i]);
  return sum;
}

template <uint32_t kBlock, uint32_t kGroup>
void QuantizeRows(const float* x, int32_t factor, uint64_t begin, uint64_t end, Activations* to) {
  auto* const codes = const_cast<int8_t*>(to->codes);
  auto* const scales = const_cast<float*>(to->scales);
  auto* const sums = const_cast<int32_t*>(to->sums);
  constexpr uint32_t kGroups = kBlock / kGroup;
  for (uint64_t at = begin * to->blocks; at < end * to->blocks; ++at) {
    const float most = LargestMagnitude<kBlock>(x + at * kBlock);
    const float scale = most > 0 ? 127.0F / most : 0.0F;
    scales[at] = most / 127.0F;
    for (uint32_t group = 0; group < kGroups; ++group) {
      const uint64_t first = at * kBlock + group * kGroup;
      sums[at * kGroups + group] = factor * QuantizeGroup<kGroup>(x + first, scale, codes + first);
    }
  }
}

// As KernelSet::quantize.
inline void Quantize(const BlockLayout& layout, const float* x, uint64_t begin, uint64_t end,
                     Activations* to) {
  const int32_t factor = layout.offset != 0 ? -layout.offset : 1;
  if (layout.block == 128) return QuantizeRows<128, 128>(x, factor, begin, end, to);
  if (layout.block == 64) return QuantizeRows<64, 16>(x, factor, begin, end, to);
  if (layout.block == 32) return QuantizeRows<32, 32>(x, factor, begin, end, to);
  if (layout.group == 32) return QuantizeRows<256, 32>(x, factor, begin, end, to);
  QuantizeRows<256, 16>(x, factor, begin, end, to);
}

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
