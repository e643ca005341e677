// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q5_0.hpp"

#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/legacy/codes.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q50::kBytes];
  std::memcpy(block, packed, sizeof(block));
  const float d = Q50::Scale(block);
  const uint8_t* const codes = block + Q50::kCodes;
  uint8_t fifths[Q50::kBlock];
  for (uint32_t i = 0; i < Q50::kBlock; ++i) {
    fifths[i] = static_cast<uint8_t>(((block[Q50::kFifthBits + i / 8] >> (i % 8)) & 1) << 4);
  }
  for (uint32_t j = 0; j < Q50::kBlock / 2; ++j) {
    weights[j] = d * static_cast<float>(((codes[j] & 15) | fifths[j]) - 16);
    weights[j + 16] = d * static_cast<float>(((codes[j] >> 4) | fifths[j + 16]) - 16);
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
