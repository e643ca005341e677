// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/status.hpp"
#include "benchmarks/engine/arm.hpp"

namespace quantfleet::bench {

// Times of one arm. Seconds.
struct ArmTimes {
  // Median call of each round that counts.
  std::vector<double> rounds;
  // Fastest call of all.
  double best = 0;
};

struct RoundTimes {
  // Entry i belongs to arms[i].
  std::vector<ArmTimes> arms;
  // All rounds, and those in which some arm had no undisturbed call.
  uint32_t rounds = 0;
  uint32_t disturbed = 0;
  // Enough rounds were left without the disturbed ones; else all of them count.
  bool quiet = false;
};

struct RoundPlan {
  // Measuring time of all arms together.
  double seconds = 2;
  // Threads that a call uses; with one, what a long call waited can be taken off.
  uint32_t threads = 1;
  uint32_t seed = 1;
};

// Measures the arms side by side until 20 undisturbed rounds took about plan.seconds in all (10 if
// calls are long; at most 60 rounds, or 20 long ones). In each round every arm is visited once, in
// an order drawn anew. A visit is one call that is not timed and as many timed ones as fit into the
// arm's share, on one copy of the weights after the other. `waited` gives the seconds that the
// process's threads have waited for a processor (RunDelay): a call that waited for more than a
// twentieth of its time is disturbed and left out, since threads that wait for each other suffer
// from that by how they wait, not by how they multiply. From long calls (20 ms) on one thread the
// wait is subtracted instead. At least one arm.
Result<RoundTimes> MeasureRounds(std::span<Arm* const> arms, const RoundPlan& plan,
                                 const std::function<double()>& waited);

}  // namespace quantfleet::bench
