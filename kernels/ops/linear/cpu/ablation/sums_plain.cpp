// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/ops/linear/cpu/ablation/sums.hpp"

namespace quantfleet::linear::cpu {

uint64_t XorWords(const std::byte* from, uint64_t bytes) {
  uint64_t result = 0;
  for (uint64_t at = 0; at < bytes; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, from + at, std::min<uint64_t>(sizeof(word), bytes - at));
    result ^= word;
  }
  return result;
}

float SumDecodedRows(const PackedMatrix& weights, RowRange rows) {
  std::vector<float> tile(weights.k);
  float sum = 0;
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    DecodeRows(weights, {row, row + 1}, tile.data() - row * weights.k);
    sum += SumFloats(tile.data(), weights.k);
  }
  return sum;
}

}  // namespace quantfleet::linear::cpu
