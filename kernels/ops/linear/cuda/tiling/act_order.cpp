// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/tiling/act_order.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "kernels/formats/int4/gptq.hpp"
#include "kernels/formats/int4/words.hpp"

namespace quantfleet::linear::cuda {
namespace {

using formats::kCodesPerWord;
using formats::kInt4Group;

// Columns by group, those of a group in their own order.
std::vector<uint32_t> OrderOf(const std::vector<uint32_t>& groups) {
  std::vector<uint32_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return groups[a] < groups[b]; });
  return order;
}

}  // namespace

Result<ActOrderWeights> TileActOrder(uint64_t n, uint64_t k, std::span<const std::byte> packed) {
  const formats::GptqLayout layout(n, k);
  const auto last = static_cast<uint32_t>(k / kInt4Group - 1);
  std::vector<uint32_t> groups(k);
  for (uint64_t i = 0; i < k; ++i) {
    groups[i] = std::min(formats::LoadWord(packed.data() + layout.groups, i), last);
  }
  const std::vector<uint32_t> order = OrderOf(groups);
  for (uint64_t place = 0; place < k; ++place) {
    if (groups[order[place]] != place / kInt4Group) {
      return Unimplemented(
          "fused act-order needs groups of 128 columns each; use "
          "dequantize_then_gemm");
    }
  }
  // The same weights with their columns in order, as gptq_int4.
  std::vector<std::byte> sorted(packed.begin(),
                                packed.begin() + static_cast<std::ptrdiff_t>(layout.groups));
  std::fill(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(layout.zeros),
            std::byte{0});
  for (uint64_t place = 0; place < k; ++place) {
    const uint32_t from = order[place];
    for (uint64_t row = 0; row < n; ++row) {
      const uint32_t word = formats::LoadWord(packed.data(), from / kCodesPerWord * n + row);
      formats::AddNibble(sorted.data(), place / kCodesPerWord * n + row, place % kCodesPerWord,
                         (word >> (4 * (from % kCodesPerWord))) & 15U);
    }
  }
  ActOrderWeights weights = {TileWeights(*FindTiling("gptq_int4"), n, k, sorted), 0};
  weights.order = weights.tiled.size();
  weights.tiled.resize(weights.order + k * sizeof(uint32_t));
  std::memcpy(weights.tiled.data() + weights.order, order.data(), k * sizeof(uint32_t));
  return weights;
}

}  // namespace quantfleet::linear::cuda
