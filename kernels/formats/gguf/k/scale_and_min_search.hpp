// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/gguf/k/sub_scales.hpp"

namespace quantfleet::formats::k_quants {

// Sub-blocks that one search takes, side by side in the lanes of vector registers.
inline constexpr uint32_t kLanes = 4;

// How SearchScaleAndMin looks for w = scale q - min, q from 0 to `largest`: it tries the grids of
// largest + first + i * step steps, i = 0..steps, between the least and the greatest weight.
struct GridSearch {
  int32_t largest = 0;
  float first = 0;
  float step = 0;
  int32_t steps = 0;
  // Error to minimise: absolute instead of squared.
  bool absolute = false;
};

// For each of kLanes sub-blocks of `count` (16 or 32) weights, one after the other: weighted least
// squares on each grid; the fit with the least weighted error wins. min is not negative, because
// zero lies between the weights or at their end. Writes the winners' codes, all 0 where all weights
// are equal and not positive. Weights are finite and within 2^30. The sums are fp32 and run from
// the first weight to the last, so that the result is the reference's to the bit. Source:
// make_qkx2_quants in src/ggml-quants.c of ggml-org/ggml d99724f2.
void SearchScaleAndMin(const float* weights, const float* importance, uint32_t count,
                       const GridSearch& search, ScaleAndMin* found, uint8_t* codes);

}  // namespace quantfleet::formats::k_quants
