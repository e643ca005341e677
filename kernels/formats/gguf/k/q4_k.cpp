// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/q4_k.hpp"

#include <cstring>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/k/six_bit.hpp"

namespace quantfleet::formats {
namespace {

constexpr k_quants::GridSearch kSearch = {
    .largest = 15, .first = -1.0F, .step = 0.1F, .steps = 20, .absolute = false};

void DecodeBlock(const uint8_t* packed, float* weights) {
  // A copy: bytes may alias the weights, which would keep the loop from vectorizing.
  uint8_t block[Q4K::kBytes];
  std::memcpy(block, packed, sizeof(block));
  for (uint32_t j = 0; j < Q4K::kBlock / Q4K::kSubBlock; ++j) {
    const ScaleAndMin sub = Q4K::ScaleAndMin(block, j);
    const uint8_t* const codes = &block[Q4K::kCodes + j / 2 * 32];
    const uint32_t shift = j % 2 * 4;
    for (uint32_t l = 0; l < Q4K::kSubBlock; ++l) {
      const int32_t code = (codes[l] >> shift) & 15;
      weights[j * Q4K::kSubBlock + l] = sub.scale * static_cast<float>(code) - sub.min;
    }
  }
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  k_quants::SixBitBlock made;
  k_quants::EncodeSixBit(weights, kSearch, &made);
  k_quants::PackSixBitPairs(made.pairs, block + Q4K::kSubScales);
  k_quants::PackNibbles(made.codes, block + Q4K::kCodes);
  return StoreFp16(made.d, block) && StoreFp16(made.dmin, block + 2);
}

}  // namespace

const Format& Q4KFormat() {
  static const BlockFormat kFormat(
      {.name = "q4_k",
       .title = "GGUF Q4_K",
       .block = Q4K::kBlock,
       .scales = "6-bit scale and minimum per 32, fp16 scales of both",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_q4_K_ref",
       .relative_error = 7.2e-2},
      {Q4K::kBytes, &DecodeBlock, &EncodeBlock, k_quants::kLargestWeight});
  return kFormat;
}

}  // namespace quantfleet::formats
