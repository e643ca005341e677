// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/int8/dots.hpp"

namespace quantfleet::linear::cpu {

void MultiplyCodes(const int8_t* w, uint64_t n, uint64_t k, const int16_t* x, uint64_t batch,
                   RowRange rows, int32_t* sums) {
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    for (uint64_t b = 0; b < batch; ++b) {
      int32_t sum = 0;
      for (uint64_t i = 0; i < k; ++i) sum += w[row * k + i] * x[b * k + i];
      sums[b * n + row] = sum;
    }
  }
}

}  // namespace quantfleet::linear::cpu
