// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/q5_k.hpp"

#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/k/six_bit.hpp"

namespace quantfleet::formats {
namespace {

constexpr k_quants::GridSearch kSearch = {
    .largest = 31, .first = -0.5F, .step = 0.1F, .steps = 15, .absolute = false};

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q5K::kBytes];
  std::memcpy(block, packed, sizeof(block));
  const uint8_t* const fifths = block + Q5K::kFifthBits;
  for (uint32_t j = 0; j < Q5K::kBlock / Q5K::kSubBlock; ++j) {
    const ScaleAndMin sub = Q5K::ScaleAndMin(block, j);
    const uint8_t* const codes = &block[Q5K::kCodes + j / 2 * 32];
    const uint32_t shift = j % 2 * 4;
    for (uint32_t l = 0; l < Q5K::kSubBlock; ++l) {
      const int32_t code = ((codes[l] >> shift) & 15) | (((fifths[l] >> j) & 1) << 4);
      weights[j * Q5K::kSubBlock + l] = sub.scale * static_cast<float>(code) - sub.min;
    }
  }
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  k_quants::SixBitBlock made;
  k_quants::EncodeSixBit(weights, kSearch, &made);
  k_quants::PackSixBitPairs(made.pairs, block + Q5K::kSubScales);
  k_quants::PackBitPlane(made.codes, 4, block + Q5K::kFifthBits);
  k_quants::PackNibbles(made.codes, block + Q5K::kCodes);
  return StoreFp16(made.d, block) && StoreFp16(made.dmin, block + 2);
}

}  // namespace

const Format& Q5KFormat() {
  static const BlockFormat kFormat(
      {.name = "q5_k",
       .title = "GGUF Q5_K",
       .block = Q5K::kBlock,
       .scales = "6-bit scale and minimum per 32, fp16 scales of both",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q5_K_ref",
       .relative_error = 3.6e-2},
      {Q5K::kBytes, &DecodeBlock, &EncodeBlock, k_quants::kLargestWeight});
  return kFormat;
}

}  // namespace quantfleet::formats
