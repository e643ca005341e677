// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace quantfleet::formats {

// Rounds eight magnitudes to the grid of IQ2_XXS. Immutable, thread-safe.
// Source: iq2xs_init_impl and iq2_find_best_neighbour in src/ggml-quants.c of ggml-org/ggml
// d99724f2.
class Iq2XxsGridSearch {
 public:
  // Built at the first call.
  static const Iq2XxsGridSearch& Get();

  // Index of the grid point for 8 codes (0, 1 or 2; code e at bit 2 e) that `magnitudes` round to
  // in units of `scale`. The point itself if it is on the grid; else, of the points at the two
  // smallest distances from it, the one with the least error, weighted by `importance`, for the
  // magnitudes.
  uint8_t Nearest(uint32_t codes, const float* magnitudes, const float* importance,
                  float scale) const;

 private:
  Iq2XxsGridSearch();

  // Points to choose from for all codes: those of `codes` start at starts_[codes]; a single one is
  // the point itself.
  std::vector<uint32_t> starts_;
  std::vector<uint8_t> candidates_;
  // 4 e + code e of each point.
  std::array<std::array<uint8_t, 8>, 256> slots_;
};

}  // namespace quantfleet::formats
