// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/ops/linear/cpu/blocks/layout.hpp"

namespace quantfleet::linear::cpu::blocks {

// Rows of x in 8 bits: x is about codes * scales, codes -127 to 127, one fp32 scale a block
// (absmax / 127, rounded to nearest even), as llama.cpp multiplies GGUF weights with Q8_0 and Q8_K
// activations (src/ggml-quants.c of ggml-org/ggml d99724f2; there Q8_0 rounds its scale to fp16).
struct Activations {
  uint64_t batch = 0;
  // Blocks of a row.
  uint64_t blocks = 0;
  // [batch, blocks * block].
  const int8_t* codes = nullptr;
  // [batch, blocks].
  const float* scales = nullptr;
  // Sum of the codes of each group of the layout, times -offset where there is one: [batch,
  // groups].
  const int32_t* sums = nullptr;
};

// Bytes that the rows take, for memory aligned to 64; and the view of such memory.
uint64_t QuantizedBytes(const BlockLayout& layout, uint64_t batch, uint64_t columns);
Activations QuantizedAt(const BlockLayout& layout, uint64_t batch, uint64_t columns,
                        std::byte* memory);

}  // namespace quantfleet::linear::cpu::blocks
