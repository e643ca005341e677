// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "kernels/formats/gguf/k/sub_scales.hpp"

// Fits of a scale (and a minimum) to the weights of one sub-block, as the encoders of ggml do them:
// sums are fp32 and run from the first weight to the last, so that the codes come out the same.
// Weights are finite and below 2^30 in magnitude. Source: src/ggml-quants.c of ggml-org/ggml
// d99724f2; the functions there are named below.
namespace quantfleet::formats::k_quants {

// Nearest integer, halves to even, for magnitudes below 2^22. Beyond that, and for infinities and
// NaN, some integer within 2^22 that depends on the bits alone. nearest_int.
int32_t NearestInteger(float x);
// The same, clamped.
int32_t NearestInteger(float x, int32_t lowest, int32_t highest);

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

// Largest sub-block that the fits take.
inline constexpr uint32_t kMaxSubBlock = 32;

// Weighted least squares on each grid; the fit with the least weighted error wins. min is not
// negative (zero lies between the weights or at their end). Writes the winner's codes, which are
// all 0 where the scale is. make_qkx2_quants.
ScaleAndMin SearchScaleAndMin(std::span<const float> weights, const float* importance,
                              const GridSearch& search, uint8_t* codes);

// Scale (with a sign) of w = scale (q - half), q from 0 to 2 half - 1, found as above among 19
// grids with importance w^2. Codes are 0 where all weights are below 1e-15. make_qx_quants, rmse
// type 1.
float SearchSymmetricScale(std::span<const float> weights, int32_t half, uint8_t* codes);

// The same from one grid, whose codes are then improved one by one in at most 5 passes.
// make_q3_quants.
float RefineSymmetricScale(std::span<const float> weights, int32_t half, uint8_t* codes);

// Scale of w = scale q, q from 0 to `largest`, weights not negative but for noise: the best of 9
// grids, then improved one by one. make_qp_quants.
float FitPositiveScale(std::span<const float> weights, const float* importance, int32_t largest);

}  // namespace quantfleet::formats::k_quants
