// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q5_0.hpp"

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/legacy/codes.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* block, float* weights) {
  const float d = Q50::Scale(block);
  for (uint32_t i = 0; i < Q50::kBlock; ++i) {
    weights[i] = d * static_cast<float>(Q50::Code(block, i));
  }
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  const float d = legacy::LargestWithSign(weights) / -16;
  uint8_t codes[Q50::kBlock];
  legacy::QuantizeBlock(weights, 0, d, 16.5F, 31, codes);
  legacy::PackFifthBits(codes, block + Q50::kFifthBits);
  legacy::PackNibbles(codes, block + Q50::kCodes);
  return StoreFp16(d, block);
}

}  // namespace

const Format& Q50Format() {
  static const BlockFormat kFormat(
      {.name = "q5_0",
       .title = "GGUF Q5_0",
       .block = Q50::kBlock,
       .scales = "fp16 scale",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q5_0_ref",
       .relative_error = 4.3e-2},
      {Q50::kBytes, &DecodeBlock, &EncodeBlock});
  return kFormat;
}

}  // namespace quantfleet::formats
