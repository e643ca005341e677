// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include "kernels/formats/gguf/legacy/q4_0.hpp"
#include "kernels/formats/gguf/legacy/q4_1.hpp"
#include "kernels/formats/gguf/legacy/q5_0.hpp"
#include "kernels/formats/gguf/legacy/q5_1.hpp"
#include "kernels/formats/gguf/legacy/q8_0.hpp"
#include "kernels/formats/microscaling/mxfp4.hpp"
#include "kernels/formats/microscaling/nvfp4.hpp"
#include "kernels/ops/linear/cuda/tiling/block_units.hpp"
#include "kernels/ops/linear/cuda/tiling/tilings.hpp"

namespace quantfleet::linear::cuda {
namespace {

using Codes = uint8_t[kUnitWeights];

// The block's fp16 scale, and minimum where it has one, come first and stay together.
void FillQ80(const UnitSource& source, uint8_t* const* elements) {
  Codes codes;
  CodesOf<formats::Q80>(source, 0, codes);
  PutBytes(codes, elements[0], elements[1]);
  std::memcpy(elements[2], BlockOf<formats::Q80>(source), 2);
}

template <typename Block, int32_t kZero>
void FillFourBits(const UnitSource& source, uint8_t* const* elements) {
  Codes codes;
  CodesOf<Block>(source, kZero, codes);
  PutQuads(codes, elements[0]);
  std::memcpy(elements[1], BlockOf<Block>(source), Block::kCodes);
}

template <typename Block, int32_t kZero>
void FillFiveBits(const UnitSource& source, uint8_t* const* elements) {
  Codes codes;
  Codes fifth;
  CodesOf<Block>(source, kZero, codes);
  SplitCodes(4, codes, fifth);
  PutQuads(codes, elements[0]);
  PutBits(fifth, elements[1]);
  std::memcpy(elements[2], BlockOf<Block>(source), Block::kFifthBits);
}

void FillMxfp4(const UnitSource& source, uint8_t* const* elements) {
  const uint8_t* const block = BlockOf<formats::Mxfp4>(source);
  Codes codes;
  for (uint32_t i = 0; i < kUnitWeights; ++i) {
    codes[i] = (block[formats::Mxfp4::kCodes + i % 16] >> (i / 16 * 4)) & 15;
  }
  PutQuads(codes, elements[0]);
  elements[1][0] = block[0];
}

void FillNvfp4(const UnitSource& source, uint8_t* const* elements) {
  const uint8_t* const block = BlockOf<formats::Nvfp4>(source);
  const uint32_t first = FirstOf<formats::Nvfp4>(source);
  Codes codes;
  for (uint32_t i = 0; i < kUnitWeights; ++i) {
    const uint32_t at = first + i;
    codes[i] = (block[formats::Nvfp4::kCodes + at / 16 * 8 + at % 8] >> (at / 8 % 2 * 4)) & 15;
  }
  PutQuads(codes, elements[0]);
  std::memcpy(elements[1], block + first / formats::Nvfp4::kSubBlock, 2);
}

}  // namespace

std::span<const Tiling> SmallBlockTilings() {
  static constexpr std::array tilings = {
      Tiling{"q8_0", 3, {{{1, 16}, {1, 16}, {1, 2}}}, FillQ80},
      Tiling{"q4_0", 2, {{{1, 16}, {1, 2}}}, FillFourBits<formats::Q40, 8>},
      Tiling{"q4_1", 2, {{{1, 16}, {1, 4}}}, FillFourBits<formats::Q41, 0>},
      Tiling{"q5_0", 3, {{{1, 16}, {1, 4}, {1, 2}}}, FillFiveBits<formats::Q50, 16>},
      Tiling{"q5_1", 3, {{{1, 16}, {1, 4}, {1, 4}}}, FillFiveBits<formats::Q51, 0>},
      Tiling{"mxfp4", 2, {{{1, 16}, {1, 1}}}, FillMxfp4},
      Tiling{"nvfp4", 2, {{{1, 16}, {1, 2}}}, FillNvfp4},
  };
  return tilings;
}

}  // namespace quantfleet::linear::cuda
