// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q8_0.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/block_format.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* block, float* weights) {
  const float d = Q80::Scale(block);
  for (uint32_t i = 0; i < Q80::kBlock; ++i) {
    weights[i] = d * static_cast<float>(Q80::Code(block, i));
  }
}

// Halves away from zero, for magnitudes that an int32 holds: std::round, inline.
int32_t RoundHalfAway(float x) {
  const float magnitude = std::abs(x);
  const auto whole = static_cast<int32_t>(magnitude);
  const int32_t rounded = whole + (magnitude - static_cast<float>(whole) >= 0.5F ? 1 : 0);
  return x < 0 ? -rounded : rounded;
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  float largest = 0;
  for (uint32_t i = 0; i < Q80::kBlock; ++i) largest = std::max(largest, std::abs(weights[i]));
  const float d = largest / 127;
  const float inverse = d != 0 ? 1.0F / d : 0.0F;
  // Below 2^-128 the reciprocal overflows; the scale is 0 once it is fp16.
  const float factor = std::isfinite(inverse) ? inverse : 0.0F;
  for (uint32_t i = 0; i < Q80::kBlock; ++i) {
    block[Q80::kCodes + i] = static_cast<uint8_t>(RoundHalfAway(weights[i] * factor));
  }
  return StoreFp16(d, block);
}

}  // namespace

const Format& Q80Format() {
  static const BlockFormat kFormat(
      {.name = "q8_0",
       .title = "GGUF Q8_0",
       .block = Q80::kBlock,
       .scales = "fp16 scale",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q8_0_ref",
       .relative_error = 5.5e-3},
      {Q80::kBytes, &DecodeBlock, &EncodeBlock});
  return kFormat;
}

}  // namespace quantfleet::formats
