// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/formats/bitsandbytes/double_quant.hpp"
#include "kernels/formats/bitsandbytes/four_bit.hpp"
#include "kernels/ops/linear/cuda/tiling/tilings.hpp"

namespace quantfleet::linear::cuda {
namespace {

// Weights of the unit that lie within the row.
uint32_t Inside(const UnitSource& source) {
  const uint64_t first = uint64_t{source.unit} * kUnitWeights;
  return static_cast<uint32_t>(std::min<uint64_t>(kUnitWeights, source.columns - first));
}

// One byte a weight, then one fp32 scale a row; byte 0 is weight 0.
void FillBytes(const UnitSource& source, uint8_t* const* elements) {
  const uint64_t first = source.row * source.columns + uint64_t{source.unit} * kUnitWeights;
  uint8_t codes[kUnitWeights] = {};
  std::memcpy(codes, source.packed + first, Inside(source));
  PutBytes(codes, elements[0], elements[1]);
  const uint8_t* const scales = source.packed + source.rows * source.columns;
  std::memcpy(elements[2], scales + source.row * sizeof(float), sizeof(float));
}

// Bytes stay as they are: each holds two neighbouring weights, which one table look-up decodes.
void FillFourBits(const UnitSource& source, uint8_t* const* elements) {
  const uint64_t first = source.row * source.columns + uint64_t{source.unit} * kUnitWeights;
  std::memcpy(elements[0], source.packed + first / 2, kUnitWeights / 2);
  const uint8_t* const scales = source.packed + source.rows * source.columns / 2;
  std::memcpy(elements[1], scales + first / formats::kFourBitBlock * sizeof(float), sizeof(float));
}

// The 8-bit absmax go with the codes; what decodes them is the tail.
void FillDoubleQuant(const UnitSource& source, uint8_t* const* elements) {
  const uint64_t first = source.row * source.columns + uint64_t{source.unit} * kUnitWeights;
  const formats::DoubleQuantLayout layout(source.rows * source.columns);
  std::memcpy(elements[0], source.packed + first / 2, kUnitWeights / 2);
  elements[1][0] = source.packed[layout.absmax8 + first / formats::kFourBitBlock];
}
ByteRange DoubleQuantTail(uint64_t n, uint64_t k) {
  const formats::DoubleQuantLayout layout(n * k);
  return {layout.absmax2, layout.end - layout.absmax2};
}

}  // namespace

std::span<const Tiling> PlainTilings() {
  static constexpr std::array tilings = {
      Tiling{"int8", 3, {{{1, 16}, {1, 16}, {0, 4}}}, FillBytes},
      Tiling{"fp8_e4m3", 3, {{{1, 16}, {1, 16}, {0, 4}}}, FillBytes},
      Tiling{"fp8_e5m2", 3, {{{1, 16}, {1, 16}, {0, 4}}}, FillBytes},
      Tiling{"nf4", 2, {{{1, 16}, {2, 4}}}, FillFourBits},
      Tiling{"fp4", 2, {{{1, 16}, {2, 4}}}, FillFourBits},
      Tiling{"nf4_double_quant", 2, {{{1, 16}, {2, 1}}}, FillDoubleQuant, DoubleQuantTail},
      Tiling{"fp4_double_quant", 2, {{{1, 16}, {2, 1}}}, FillDoubleQuant, DoubleQuantTail},
  };
  return tilings;
}

}  // namespace quantfleet::linear::cuda
