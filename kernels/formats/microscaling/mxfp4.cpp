// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/microscaling/mxfp4.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/block_format.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* block, float* weights) {
  float values[16];
  for (uint32_t code = 0; code < 16; ++code) {
    values[code] = Mxfp4::HalfScale(block) * static_cast<float>(DoubledE2m1(code));
  }
  for (uint32_t j = 0; j < Mxfp4::kBlock / 2; ++j) {
    const uint32_t pair = block[Mxfp4::kCodes + j];
    weights[j] = values[pair & 15U];
    weights[j + Mxfp4::kBlock / 2] = values[pair >> 4];
  }
}

uint8_t EncodeScale(float largest) {
  if (largest == 0) return 0;
  // floor(log2f(x)) and not the exponent of x: log2f rounds up to the next integer just below a
  // power of two, and the reference's bytes have it.
  // Below 2^-125 the byte wraps as the reference's does; the scale is then so large that every code
  // is 0.
  const auto exponent = static_cast<int32_t>(std::floor(std::log2(largest)));
  return static_cast<uint8_t>(exponent - 2 + 127);
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  float largest = 0;
  for (uint32_t i = 0; i < Mxfp4::kBlock; ++i) largest = std::max(largest, std::abs(weights[i]));
  block[0] = EncodeScale(largest);
  uint8_t codes[Mxfp4::kBlock];
  for (uint32_t i = 0; i < Mxfp4::kBlock; i += kNearestE2m1Count) {
    NearestE2m1(weights + i, Mxfp4::HalfScale(block), codes + i);
  }
  for (uint32_t j = 0; j < Mxfp4::kBlock / 2; ++j) {
    block[Mxfp4::kCodes + j] = static_cast<uint8_t>(codes[j] | (codes[j + Mxfp4::kBlock / 2] << 4));
  }
  return true;
}

}  // namespace

const Format& Mxfp4Format() {
  static const BlockFormat kFormat(
      {.name = "mxfp4",
       .title = "OCP MXFP4",
       .block = Mxfp4::kBlock,
       .scales = "E8M0 scale",
       .source = "OCP Microscaling Formats v1.0; ggml d99724f2, quantize_row_mxfp4_ref",
       .relative_error = 1.1e-1},
      {Mxfp4::kBytes, &DecodeBlock, &EncodeBlock});
  return kFormat;
}

}  // namespace quantfleet::formats
