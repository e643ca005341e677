// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/ops/linear/cpu/simd.hpp"

// Products of int8 codes summed in int32: dots_highway.cpp, or dots_plain.cpp where Highway is not
// installed. On the caller's thread; pointers need no alignment.
namespace quantfleet::linear::cpu {

// Longest rows whose sums fit into int32: 2^17 products of 127 by 127.
inline constexpr uint64_t kMostDotColumns = uint64_t{1} << 17;

// sums[b, r] = sum over i of w[r, i] * x[b, i] for r in `rows` and all b. `w` is [n, k]; `x` is
// [batch, k], codes widened to 16 bits once, so that no product widens them again; `sums` is
// [batch, n]. Codes are in [-127, 127], k is at most kMostDotColumns.
void MultiplyCodes(const int8_t* w, uint64_t n, uint64_t k, const int16_t* x, uint64_t batch,
                   RowRange rows, int32_t* sums);

}  // namespace quantfleet::linear::cpu
