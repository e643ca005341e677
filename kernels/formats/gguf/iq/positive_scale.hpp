// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace quantfleet::formats {

// Scale of w = scale q, q from 0 to `largest`, for 32 weights that are not negative but for a few
// small ones: the best of 9 grids by weighted squared error, whose codes are then improved one by
// one; 0 for weights below 1e-15. Sums are fp32, from the first weight to the last. Source:
// make_qp_quants in src/ggml-quants.c of ggml-org/ggml d99724f2.
float FitPositiveScale(std::span<const float, 32> weights, const float* importance,
                       int32_t largest);

}  // namespace quantfleet::formats
