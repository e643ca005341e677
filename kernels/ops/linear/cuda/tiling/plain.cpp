// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/formats/bitsandbytes/nf4.hpp"
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
void FillNf4(const UnitSource& source, uint8_t* const* elements) {
  const uint64_t first = source.row * source.columns + uint64_t{source.unit} * kUnitWeights;
  std::memcpy(elements[0], source.packed + first / 2, kUnitWeights / 2);
  const uint8_t* const scales = source.packed + source.rows * source.columns / 2;
  std::memcpy(elements[1], scales + first / formats::kNf4Block * sizeof(float), sizeof(float));
}

}  // namespace

std::span<const Tiling> PlainTilings() {
  static constexpr std::array tilings = {
      Tiling{"int8", 3, {{{1, 16}, {1, 16}, {0, 4}}}, FillBytes},
      Tiling{"fp8_e4m3", 3, {{{1, 16}, {1, 16}, {0, 4}}}, FillBytes},
      Tiling{"fp8_e5m2", 3, {{{1, 16}, {1, 16}, {0, 4}}}, FillBytes},
      Tiling{"nf4", 2, {{{1, 16}, {2, 4}}}, FillNf4},
  };
  return tilings;
}

}  // namespace quantfleet::linear::cuda
