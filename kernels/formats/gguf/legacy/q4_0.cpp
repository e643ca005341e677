// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q4_0.hpp"

#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/legacy/codes.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q40::kBytes];
  std::memcpy(block, packed, sizeof(block));
  const float d = Q40::Scale(block);
  const uint8_t* const codes = block + Q40::kCodes;
  for (uint32_t j = 0; j < Q40::kBlock / 2; ++j) {
    weights[j] = d * static_cast<float>((codes[j] & 15) - 8);
    weights[j + 16] = d * static_cast<float>((codes[j] >> 4) - 8);
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
