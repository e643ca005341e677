// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q4_1.hpp"

#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/legacy/codes.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q41::kBytes];
  std::memcpy(block, packed, sizeof(block));
  const float d = Q41::Scale(block);
  const float min = Q41::Min(block);
  const uint8_t* const codes = block + Q41::kCodes;
  for (uint32_t j = 0; j < Q41::kBlock / 2; ++j) {
    weights[j] = d * static_cast<float>(codes[j] & 15) + min;
    weights[j + 16] = d * static_cast<float>(codes[j] >> 4) + min;
  }
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  const legacy::Range range = legacy::RangeOf(weights);
  const float d = (range.max - range.min) / 15;
  if (!StoreFp16(d, block) || !StoreFp16(range.min, block + 2)) return false;
  uint8_t codes[Q41::kBlock];
  legacy::QuantizeBlock(weights, range.min, d, 0.5F, 15, codes);
  legacy::PackNibbles(codes, block + Q41::kCodes);
  return true;
}

}  // namespace

const Format& Q41Format() {
  static const BlockFormat kFormat(
      {.name = "q4_1",
       .title = "GGUF Q4_1",
       .block = Q41::kBlock,
       .scales = "fp16 scale and minimum",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q4_1_ref",
       .relative_error = 7.8e-2},
      {Q41::kBytes, &DecodeBlock, &EncodeBlock});
  return kFormat;
}

}  // namespace quantfleet::formats
