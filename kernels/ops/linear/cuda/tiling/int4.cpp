// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>

#include "kernels/formats/int4/awq_int4.hpp"
#include "kernels/formats/int4/gptq.hpp"
#include "kernels/formats/int4/words.hpp"
#include "kernels/ops/linear/cuda/tiling/tilings.hpp"

namespace quantfleet::linear::cuda {
namespace {

using formats::kCodesPerWord;
using formats::kInt4Group;

const std::byte* Bytes(const UnitSource& source) {
  return reinterpret_cast<const std::byte*>(source.packed);
}

// The fp16 scale of the unit's group, then its zero as a byte.
void PutGroup(const std::byte* scales, uint64_t index, uint32_t zero, uint8_t* const* elements) {
  std::memcpy(elements[1], scales + index * sizeof(uint16_t), sizeof(uint16_t));
  elements[2][0] = static_cast<uint8_t>(zero);
}

void FillAwq(const UnitSource& source, uint8_t* const* elements) {
  const uint64_t words = source.rows / kCodesPerWord;
  const uint64_t word = source.row / kCodesPerWord;
  const uint32_t shift = 4 * formats::AwqNibble(static_cast<uint32_t>(source.row % kCodesPerWord));
  const uint64_t first = uint64_t{source.unit} * kUnitWeights;
  uint8_t codes[kUnitWeights];
  for (uint32_t i = 0; i < kUnitWeights; ++i) {
    const uint32_t eight = formats::LoadWord(Bytes(source), (first + i) * words + word);
    codes[i] = static_cast<uint8_t>((eight >> shift) & 15U);
  }
  PutQuads(codes, elements[0]);
  const uint64_t group = first / kInt4Group;
  const std::byte* const zeros = Bytes(source) + source.columns * words * sizeof(uint32_t);
  const std::byte* const scales = zeros + source.columns / kInt4Group * words * sizeof(uint32_t);
  const uint32_t zero = (formats::LoadWord(zeros, group * words + word) >> shift) & 15U;
  PutGroup(scales, group * source.rows + source.row, zero, elements);
}

void FillGptq(const UnitSource& source, uint8_t* const* elements) {
  const formats::GptqLayout layout(source.rows, source.columns);
  const uint64_t words = source.rows / kCodesPerWord;
  const uint64_t first = uint64_t{source.unit} * kUnitWeights;
  uint8_t codes[kUnitWeights];
  for (uint32_t i = 0; i < kUnitWeights; ++i) {
    const uint64_t k = first + i;
    const uint32_t eight =
        formats::LoadWord(Bytes(source), k / kCodesPerWord * source.rows + source.row);
    codes[i] = static_cast<uint8_t>((eight >> (4 * (k % kCodesPerWord))) & 15U);
  }
  PutQuads(codes, elements[0]);
  const uint64_t group = first / kInt4Group;
  const uint32_t zeros =
      formats::LoadWord(Bytes(source) + layout.zeros, group * words + source.row / kCodesPerWord);
  const uint32_t stored = (zeros >> (4 * (source.row % kCodesPerWord))) & 15U;
  PutGroup(Bytes(source) + layout.scales, group * source.rows + source.row, stored + 1, elements);
}

}  // namespace

std::span<const Tiling> Int4Tilings() {
  static constexpr std::array tilings = {
      Tiling{"awq_int4", 3, {{{1, 16}, {4, 2}, {4, 1}}}, FillAwq},
      Tiling{"gptq_int4", 3, {{{1, 16}, {4, 2}, {4, 1}}}, FillGptq},
  };
  return tilings;
}

}  // namespace quantfleet::linear::cuda
