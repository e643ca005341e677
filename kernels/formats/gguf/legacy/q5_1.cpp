// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q5_1.hpp"

#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/legacy/codes.hpp"

namespace quantfleet::formats {
namespace {

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q51::kBytes];
  std::memcpy(block, packed, sizeof(block));
  const float d = Q51::Scale(block);
  const float min = Q51::Min(block);
  const uint8_t* const codes = block + Q51::kCodes;
  uint8_t fifths[Q51::kBlock];
  for (uint32_t i = 0; i < Q51::kBlock; ++i) {
    fifths[i] = static_cast<uint8_t>(((block[Q51::kFifthBits + i / 8] >> (i % 8)) & 1) << 4);
  }
  for (uint32_t j = 0; j < Q51::kBlock / 2; ++j) {
    weights[j] = d * static_cast<float>((codes[j] & 15) | fifths[j]) + min;
    weights[j + 16] = d * static_cast<float>((codes[j] >> 4) | fifths[j + 16]) + min;
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
