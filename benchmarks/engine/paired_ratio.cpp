// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/paired_ratio.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/random.hpp"
#include "kernels/engine/statistics.hpp"

namespace quantfleet::bench {
namespace {

constexpr uint32_t kDraws = 2000;
constexpr uint32_t kStream = 0xB007;

double MedianOf(std::span<const double> values) {
  return engine::Median({values.begin(), values.end()});
}

}  // namespace

PairedRatio RatioOfMedians(std::span<const double> ours, std::span<const double> peer,
                           uint32_t seed) {
  QF_CHECK(!ours.empty() && ours.size() == peer.size());
  const auto rounds = static_cast<uint32_t>(ours.size());
  std::vector<double> ratios(kDraws);
  std::vector<double> drawn_ours(rounds);
  std::vector<double> drawn_peer(rounds);
  uint64_t index = 0;
  for (double& ratio : ratios) {
    for (uint32_t i = 0; i < rounds; ++i) {
      const uint32_t round = engine::RandomBelow(seed, kStream, index++, rounds);
      drawn_ours[i] = ours[round];
      drawn_peer[i] = peer[round];
    }
    ratio = MedianOf(drawn_ours) / MedianOf(drawn_peer);
  }
  std::sort(ratios.begin(), ratios.end());
  return {MedianOf(ours) / MedianOf(peer), ratios[kDraws / 40], ratios[kDraws - kDraws / 40 - 1]};
}

}  // namespace quantfleet::bench
