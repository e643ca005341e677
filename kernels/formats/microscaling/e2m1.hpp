// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// Twice the value of an E2M1 code (1 sign, 2 exponent, 1 mantissa bit): 0, 1, 2, 3, 4, 6, 8, 12 for
// codes 0..7 and their negatives for 8..15; code 8 gives 0. Source: OCP Microscaling Formats (MX)
// v1.0, table 5; doubled as in kvalues_mxfp4 of ggml-org/ggml d99724f2, src/ggml-common.h.
QF_HOST_DEVICE inline int32_t DoubledE2m1(uint32_t code) {
  const uint32_t low = code & 7U;
  const uint32_t magnitude = low < 2 ? low : (2U | (low & 1U)) << ((low >> 1U) - 1U);
  return (code & 8U) != 0 ? -static_cast<int32_t>(magnitude) : static_cast<int32_t>(magnitude);
}

// Codes of 16 weights: each the one whose doubled value times `half_scale` lies nearest; the lower
// code of two equally near, and so never 8. Source: best_index_mxfp4 in src/ggml-quants.c of
// ggml-org/ggml d99724f2.
inline constexpr uint32_t kNearestE2m1Count = 16;
void NearestE2m1(const float* weights, float half_scale, uint8_t* codes);

}  // namespace quantfleet::formats
