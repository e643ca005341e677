// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.hpp"
#include "benchmarks/engine/arm.hpp"

namespace quantfleet::bench {

// Times of one arm. Seconds.
struct ArmTimes {
  // Median call of each round.
  std::vector<double> rounds;
  // Fastest call of all.
  double best = 0;
};

// Measures the arms side by side for about `seconds` in all, longer if calls are long: 20 rounds
// (10 for long calls), in each of which every arm is visited once, in an order drawn anew. A visit
// is one call that is not timed and as many timed ones as fit into the arm's share, on one copy of
// the weights after the other. Entry i of the result belongs to arms[i]. At least one arm.
Result<std::vector<ArmTimes>> MeasureRounds(std::span<Arm* const> arms, double seconds,
                                            uint32_t seed);

}  // namespace quantfleet::bench
