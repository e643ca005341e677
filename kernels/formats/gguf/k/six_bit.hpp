// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/gguf/k/packing.hpp"
#include "kernels/formats/gguf/k/scale_and_min_search.hpp"

namespace quantfleet::formats::k_quants {

// What Q4_K and Q5_K share: 8 sub-blocks of 32 with a scale and a minimum of 6 bits each.
struct SixBitBlock {
  SixBitPair pairs[8];
  float d = 0;
  float dmin = 0;
  uint8_t codes[kBlock];
};

// Searches each sub-block with importance sqrt(mean w^2) + |w|, rounds the scales to 6 bits and the
// weights anew with the rounded scales (d and dmin as fp16). Sub-blocks whose rounded scale is 0
// keep the codes of the search. Source: quantize_row_q4_K_ref in src/ggml-quants.c of ggml-org/ggml
// d99724f2.
void EncodeSixBit(const float* weights, const GridSearch& search, SixBitBlock* block);

}  // namespace quantfleet::formats::k_quants
