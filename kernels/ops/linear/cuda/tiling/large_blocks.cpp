// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include "kernels/formats/gguf/iq/iq2_xxs.hpp"
#include "kernels/formats/gguf/k/q2_k.hpp"
#include "kernels/formats/gguf/k/q3_k.hpp"
#include "kernels/formats/gguf/k/q4_k.hpp"
#include "kernels/formats/gguf/k/q5_k.hpp"
#include "kernels/formats/gguf/k/q6_k.hpp"
#include "kernels/ops/linear/cuda/tiling/block_units.hpp"
#include "kernels/ops/linear/cuda/tiling/tilings.hpp"

// What 256 weights share (d, packed sub-scales) stays one element of the tiled layout; what belongs
// to 32 goes with them.
namespace quantfleet::linear::cuda {
namespace {

using Codes = uint8_t[kUnitWeights];

void FillQ4K(const UnitSource& source, uint8_t* const* elements) {
  Codes codes;
  CodesOf<formats::Q4K>(source, 0, codes);
  PutQuads(codes, elements[0]);
  std::memcpy(elements[1], BlockOf<formats::Q4K>(source), formats::Q4K::kCodes);
}

void FillQ5K(const UnitSource& source, uint8_t* const* elements) {
  Codes codes;
  Codes fifth;
  CodesOf<formats::Q5K>(source, 0, codes);
  SplitCodes(4, codes, fifth);
  PutQuads(codes, elements[0]);
  PutBits(fifth, elements[1]);
  std::memcpy(elements[2], BlockOf<formats::Q5K>(source), formats::Q5K::kFifthBits);
}

void FillQ6K(const UnitSource& source, uint8_t* const* elements) {
  const uint8_t* const block = BlockOf<formats::Q6K>(source);
  const uint32_t sub = FirstOf<formats::Q6K>(source) / formats::Q6K::kSubBlock;
  Codes codes;
  Codes upper;
  CodesOf<formats::Q6K>(source, 32, codes);
  SplitCodes(4, codes, upper);
  PutQuads(codes, elements[0]);
  PutPairs(upper, elements[1]);
  std::memcpy(elements[2], block + formats::Q6K::kSubScales + sub, 2);
  std::memcpy(elements[3], block + formats::Q6K::kScale, 2);
}

// Sub-scales and d together: 14 bytes in an element of 16.
void FillQ3K(const UnitSource& source, uint8_t* const* elements) {
  Codes codes;
  Codes third;
  CodesOf<formats::Q3K>(source, 4, codes);
  SplitCodes(2, codes, third);
  PutPairs(codes, elements[0]);
  PutBits(third, elements[1]);
  std::memcpy(elements[2], BlockOf<formats::Q3K>(source) + formats::Q3K::kSubScales,
              formats::Q3K::kBytes - formats::Q3K::kSubScales);
}

void FillQ2K(const UnitSource& source, uint8_t* const* elements) {
  const uint8_t* const block = BlockOf<formats::Q2K>(source);
  const uint32_t sub = FirstOf<formats::Q2K>(source) / formats::Q2K::kSubBlock;
  Codes codes;
  CodesOf<formats::Q2K>(source, 0, codes);
  PutPairs(codes, elements[0]);
  std::memcpy(elements[1], block + sub, 2);
  std::memcpy(elements[2], block + formats::Q2K::kScale, 4);
}

void FillIq2Xxs(const UnitSource& source, uint8_t* const* elements) {
  const uint8_t* const block = BlockOf<formats::Iq2Xxs>(source);
  const uint32_t group = FirstOf<formats::Iq2Xxs>(source) / formats::Iq2Xxs::kGroup;
  std::memcpy(elements[0], block + formats::Iq2Xxs::kGroups + group * formats::Iq2Xxs::kGroupBytes,
              formats::Iq2Xxs::kGroupBytes);
  std::memcpy(elements[1], block, 2);
}

}  // namespace

std::span<const Tiling> LargeBlockTilings() {
  static constexpr std::array tilings = {
      Tiling{"q2_k", 3, {{{1, 8}, {1, 2}, {8, 4}}}, FillQ2K},
      Tiling{"q3_k", 3, {{{1, 8}, {1, 4}, {8, 16}}}, FillQ3K},
      Tiling{"q4_k", 2, {{{1, 16}, {8, 16}}}, FillQ4K},
      Tiling{"q5_k", 3, {{{1, 16}, {1, 4}, {8, 16}}}, FillQ5K},
      Tiling{"q6_k", 4, {{{1, 16}, {1, 8}, {1, 2}, {8, 2}}}, FillQ6K},
      Tiling{"iq2_xxs", 2, {{{1, 8}, {8, 2}}}, FillIq2Xxs},
  };
  return tilings;
}

}  // namespace quantfleet::linear::cuda
