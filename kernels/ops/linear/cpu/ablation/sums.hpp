// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/ops/linear/cpu/simd.hpp"

// Vector code whose only purpose is that reading or decoding takes place: sums_highway.cpp, or
// sums_plain.cpp where Highway is not installed. On the caller's thread; pointers need no
// alignment.
namespace quantfleet::linear::cpu {

// Exclusive or of all 64-bit words of `bytes` bytes (little-endian, the last one padded with
// zeros).
uint64_t XorWords(const std::byte* from, uint64_t bytes);

// Sum of the decoded weights of `rows`, fp32, in no particular order. Decodes in registers, by the
// readers that MultiplyRows uses.
float SumDecodedRows(const PackedMatrix& weights, RowRange rows);

}  // namespace quantfleet::linear::cpu
