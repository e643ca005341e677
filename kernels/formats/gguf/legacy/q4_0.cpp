// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q4_0.hpp"

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/legacy/codes.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* block, float* weights) {
  const float d = Q40::Scale(block);
  for (uint32_t i = 0; i < Q40::kBlock; ++i) {
    weights[i] = d * static_cast<float>(Q40::Code(block, i));
  }
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  const float d = legacy::LargestWithSign(weights) / -8;
  uint8_t codes[Q40::kBlock];
  legacy::QuantizeBlock(weights, 0, d, 8.5F, 15, codes);
  legacy::PackNibbles(codes, block + Q40::kCodes);
  return StoreFp16(d, block);
}

}  // namespace

const Format& Q40Format() {
  static const BlockFormat kFormat(
      {.name = "q4_0",
       .title = "GGUF Q4_0",
       .block = Q40::kBlock,
       .scales = "fp16 scale",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q4_0_ref",
       .relative_error = 8.7e-2},
      {Q40::kBytes, &DecodeBlock, &EncodeBlock});
  return kFormat;
}

}  // namespace quantfleet::formats
