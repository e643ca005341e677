// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/bf16/layout.hpp"

#include <cstring>

namespace quantfleet::linear::cpu::bf16 {

std::vector<std::byte> Repack(const std::byte* packed, uint64_t n, uint64_t k) {
  std::vector<std::byte> tiles(WeightBytes(n, k));
  const uint64_t count = DivideUp(n, kTileRows);
  for (uint64_t p = 0; p < Panels(k); ++p) {
    const Panel panel = PanelAt(k, p);
    for (uint64_t row = 0; row < n; ++row) {
      const uint64_t tile = row / kTileRows;
      const uint64_t first = tile / kGroupTiles * kGroupTiles;
      const uint64_t stride = std::min(kGroupTiles, count - first) * kTilePairBytes;
      std::byte* const to = tiles.data() + WeightOffset(n, p) +
                            first * panel.pairs() * kTilePairBytes +
                            (tile - first) * kTilePairBytes + row % kTileRows * 4;
      const std::byte* const from = packed + (row * k + panel.begin) * 2;
      for (uint64_t pair = 0; pair < panel.pairs(); ++pair) {
        const uint64_t bytes = std::min<uint64_t>(4, (panel.columns - 2 * pair) * 2);
        std::memcpy(to + pair * stride, from + pair * 4, bytes);
      }
    }
  }
  return tiles;
}

}  // namespace quantfleet::linear::cpu::bf16
