// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q5_1.hpp"

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/legacy/codes.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* block, float* weights) {
  const float d = Q51::Scale(block);
  const float min = Q51::Min(block);
  for (uint32_t i = 0; i < Q51::kBlock; ++i) {
    weights[i] = d * static_cast<float>(Q51::Code(block, i)) + min;
  }
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  const legacy::Range range = legacy::RangeOf(weights);
  const float d = (range.max - range.min) / 31;
  if (!StoreFp16(d, block) || !StoreFp16(range.min, block + 2)) return false;
  uint8_t codes[Q51::kBlock];
  legacy::QuantizeBlock(weights, range.min, d, 0.5F, 31, codes);
  legacy::PackFifthBits(codes, block + Q51::kFifthBits);
  legacy::PackNibbles(codes, block + Q51::kCodes);
  return true;
}

}  // namespace

const Format& Q51Format() {
  static const BlockFormat kFormat(
      {.name = "q5_1",
       .title = "GGUF Q5_1",
       .block = Q51::kBlock,
       .scales = "fp16 scale and minimum",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q5_1_ref",
       .relative_error = 3.8e-2},
      {Q51::kBytes, &DecodeBlock, &EncodeBlock});
  return kFormat;
}

}  // namespace quantfleet::formats
