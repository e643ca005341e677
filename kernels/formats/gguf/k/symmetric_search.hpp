// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace quantfleet::formats::k_quants {

// Fits of w = scale q to the weights of a sub-block of 16 (finite, within 2^30), q from -half to
// half - 1 and importance w^2, with fp32 sums from the first weight to the last. The scale may be
// negative. Codes written are q + half, or 0 where all weights are below 1e-15 (and the scale is
// 0).
inline constexpr uint32_t kSymmetricCount = 16;

// Least squares on each of 19 grids; the best one wins. Source: make_qx_quants (rmse type 1) in
// src/ggml-quants.c of ggml-org/ggml d99724f2.
float SearchSymmetricScale(std::span<const float, kSymmetricCount> weights, int32_t half,
                           uint8_t* codes);

// One grid, whose codes are then improved one by one. Source: make_q3_quants, as above.
float RefineSymmetricScale(std::span<const float, kSymmetricCount> weights, int32_t half,
                           uint8_t* codes);

}  // namespace quantfleet::formats::k_quants
