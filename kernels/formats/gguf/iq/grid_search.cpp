// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/iq/grid_search.hpp"

#include <algorithm>
#include <limits>

#include "kernels/formats/gguf/iq/iq2_xxs_grid.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint32_t kPoints = 256;
// Beyond the largest word of eight codes of at most 2.
constexpr uint32_t kWords = 0xAAABU;

int32_t SquaredDistance(uint32_t a, uint32_t b) {
  int32_t sum = 0;
  for (uint32_t e = 0; e < 16; e += 2) {
    const auto difference =
        static_cast<int32_t>((a >> e) & 3U) - static_cast<int32_t>((b >> e) & 3U);
    sum += difference * difference;
  }
  return sum;
}

// Points at the smallest distance, by index, then, unless that is 0, those at the next one.
void AppendCandidates(uint32_t codes, std::vector<uint8_t>* candidates) {
  int32_t distances[kPoints];
  for (uint32_t i = 0; i < kPoints; ++i) distances[i] = SquaredDistance(codes, Iq2XxsGridPoint(i));
  const int32_t nearest = *std::min_element(distances, distances + kPoints);
  int32_t next = std::numeric_limits<int32_t>::max();
  for (const int32_t distance : distances) {
    if (distance > nearest) next = std::min(next, distance);
  }
  for (const int32_t shell : {nearest, next}) {
    for (uint32_t i = 0; i < kPoints; ++i) {
      if (distances[i] == shell) candidates->push_back(static_cast<uint8_t>(i));
    }
    if (nearest == 0) return;
  }
}

}  // namespace

const Iq2XxsGridSearch& Iq2XxsGridSearch::Get() {
  static const Iq2XxsGridSearch kSearch;
  return kSearch;
}

Iq2XxsGridSearch::Iq2XxsGridSearch() : starts_(kWords + 1) {
  for (uint32_t codes = 0; codes < kWords; ++codes) {
    starts_[codes] = static_cast<uint32_t>(candidates_.size());
    const bool has_three = (codes & (codes >> 1U) & 0x5555U) != 0;
    if (!has_three) AppendCandidates(codes, &candidates_);
  }
  for (uint32_t i = 0; i < kPoints; ++i) {
    for (uint32_t e = 0; e < 8; ++e) {
      slots_[i][e] = static_cast<uint8_t>(4 * e + ((Iq2XxsGridPoint(i) >> (2 * e)) & 3U));
    }
  }
  starts_[kWords] = static_cast<uint32_t>(candidates_.size());
}

uint8_t Iq2XxsGridSearch::Nearest(uint32_t codes, const float* magnitudes, const float* importance,
                                  float scale) const {
  const std::span<const uint8_t> candidates =
      std::span(candidates_).subspan(starts_[codes], starts_[codes + 1] - starts_[codes]);
  uint8_t best = candidates.front();
  if (candidates.size() == 1) return best;
  // Every candidate's error is a sum of these.
  float errors[32];
  for (uint32_t slot = 0; slot < 32; ++slot) {
    const float difference = scale * static_cast<float>(2 * (slot % 4) + 1) - magnitudes[slot / 4];
    errors[slot] = importance[slot / 4] * difference * difference;
  }
  float least = std::numeric_limits<float>::max();
  for (const uint8_t candidate : candidates) {
    float error = 0;
    for (const uint8_t slot : slots_[candidate]) error += errors[slot];
    if (error < least) {
      least = error;
      best = candidate;
    }
  }
  return best;
}

}  // namespace quantfleet::formats
