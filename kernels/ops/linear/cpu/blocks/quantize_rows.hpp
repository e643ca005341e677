// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/ops/linear/cpu/blocks/activations.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"

// Rows of x in 8 bits with one scale a row, absmax / 127: the same codes in whatever order the
// columns are taken.
namespace quantfleet::linear::cpu::blocks {

// Rows `rows` of x, row-major with to->blocks * 128 columns, column order[i] at place i, with the
// scales and sums that kInt4Layout asks for.
void QuantizeRowsInOrder(const float* x, const uint32_t* order, RowRange rows, Activations* to);

// What x becomes by that, in its own order: [rows, k].
void RoundRows(const float* x, uint64_t rows, uint64_t k, float* rounded);

}  // namespace quantfleet::linear::cpu::blocks
