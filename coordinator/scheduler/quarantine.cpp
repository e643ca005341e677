// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/quarantine.hpp"

#include <algorithm>
#include <cmath>

namespace quantfleet::scheduler {
namespace {

// Beyond these the length no longer grows, whatever the policy.
constexpr int kMostDoublings = 30;

// Was quarantined, and has not yet shown that it is well.
bool OnProbation(const Conduct& conduct) {
  return conduct.strikes > 0;
}

void Strike(Conduct* conduct, const QuarantinePolicy& policy, double now) {
  const double length =
      std::ldexp(policy.first_seconds, std::min(conduct->strikes, kMostDoublings));
  ++conduct->strikes;
  conduct->suspects.clear();
  conduct->free_time = now + std::min(length, policy.most_seconds);
}

}  // namespace

Conduct AfterMishap(Conduct conduct, const QuarantinePolicy& policy, Mishap mishap,
                    int64_t block_id, double now) {
  // What was given before the quarantine began and goes wrong in it says nothing new.
  if (now < conduct.free_time) return conduct;
  // On probation one is enough: that was the canary.
  if (mishap == Mishap::kAgentFailed || OnProbation(conduct)) {
    Strike(&conduct, policy, now);
    return conduct;
  }
  auto& suspects = conduct.suspects;
  if (std::find(suspects.begin(), suspects.end(), block_id) == suspects.end()) {
    suspects.push_back(block_id);
  }
  if (static_cast<int>(suspects.size()) >= policy.blocks_in_a_row) Strike(&conduct, policy, now);
  return conduct;
}

int MostBlocks(const Conduct& conduct, int holds, int wants) {
  if (!OnProbation(conduct)) return std::max(wants, 0);
  return holds == 0 ? std::clamp(wants, 0, 1) : 0;
}

}  // namespace quantfleet::scheduler
