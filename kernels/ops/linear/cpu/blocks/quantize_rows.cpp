// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/quantize_rows.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/ops/linear/cpu/blocks/quantize.hpp"

namespace quantfleet::linear::cpu::blocks {
namespace {

constexpr uint32_t kBlock = kInt4Layout.block;

float Absmax(const float* x, uint64_t k) {
  float most = 0;
  for (uint64_t i = 0; i < k; ++i) most = std::max(most, std::abs(x[i]));
  return most;
}

float FactorOf(float absmax) {
  return absmax > 0 ? 127.0F / absmax : 0.0F;
}

}  // namespace

void QuantizeRowsInOrder(const float* x, const uint32_t* order, RowRange rows, Activations* to) {
  const uint64_t k = to->blocks * kBlock;
  auto* const codes = const_cast<int8_t*>(to->codes);
  auto* const scales = const_cast<float*>(to->scales);
  auto* const sums = const_cast<int32_t*>(to->sums);
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    const float* const from = x + row * k;
    const float absmax = Absmax(from, k);
    for (uint64_t block = 0; block < to->blocks; ++block) {
      float ordered[kBlock];
      for (uint32_t i = 0; i < kBlock; ++i) ordered[i] = from[order[block * kBlock + i]];
      const uint64_t at = row * to->blocks + block;
      scales[at] = absmax / 127.0F;
      sums[at] = -kInt4Layout.offset *
                 QuantizeGroup<kBlock>(ordered, FactorOf(absmax), codes + at * kBlock);
    }
  }
}

void RoundRows(const float* x, uint64_t rows, uint64_t k, float* rounded) {
  for (uint64_t at = 0; at < rows * k; at += kBlock) {
    const float absmax = Absmax(x + at / k * k, k);
    int8_t codes[kBlock];
    QuantizeGroup<kBlock>(x + at, FactorOf(absmax), codes);
    for (uint32_t i = 0; i < kBlock; ++i) {
      rounded[at + i] = static_cast<float>(codes[i]) * (absmax / 127.0F);
    }
  }
}

}  // namespace quantfleet::linear::cpu::blocks
