// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/ledger/balance.hpp"

#include <algorithm>

namespace quantfleet::analysis {
namespace {

// The times that matter to one side.
struct SideTimes {
  double total = 0;
  double read = 0;
  double unpack = 0;
  double decode = 0;
  double launch = 0;
  double dense = 0;
  double dense_read = 0;  // ablation_read of the decoded weights, if they were packed weights
};

double At(const PartTimes& times, Part part) {
  return times[static_cast<size_t>(part)];
}

// Those of the side whose parts start at `total`: its own time, then reading, unpacking, decoding.
SideTimes TimesFrom(Part total, const PartTimes& times, const SharedFacts& shared) {
  const double* const own = &times[static_cast<size_t>(total)];
  SideTimes side;
  side.total = own[0];
  side.read = own[1];
  side.unpack = own[2];
  side.decode = own[3];
  side.launch = At(times, Part::kLaunch);
  side.dense = At(times, Part::kDense);
  side.dense_read =
      side.launch + (At(times, Part::kBaselineRead) - side.launch) * shared.decoded_over_baseline;
  return side;
}

// Most that the multiply can add over the parts before it.
double SlowestMultiply(const SideTimes& times, const SharedFacts& shared) {
  if (shared.dense_multiply > times.dense_read - times.launch) return times.dense - times.launch;
  return std::max({times.dense - times.dense_read, shared.dense_multiply, 0.0});
}

void AddRegisters(const SideTimes& times, const SharedFacts& shared, SideBalance* balance) {
  const double rest = times.total - times.unpack - balance->clock;
  balance->matrix = std::clamp(rest, 0.0, std::max(SlowestMultiply(times, shared), 0.0));
  balance->launch = times.launch;
  balance->residual = rest - balance->matrix;
}

void AddThroughMemory(const SideTimes& times, const SharedFacts& shared, SideBalance* balance) {
  // Two kernels, one after the other: the second is ablation_dense with its own launch.
  const double rest = times.total - times.decode - times.launch - balance->clock;
  const double most = times.dense - times.launch;
  const double least = std::min(most, shared.cached_reread.value_or(most));
  const double taken = std::clamp(rest, least, most);
  balance->matrix = std::clamp(times.dense - times.dense_read, 0.0, std::max(taken, 0.0));
  balance->materialize = times.decode - times.unpack + taken - balance->matrix;
  balance->launch = 2 * times.launch;
  balance->residual = rest - taken;
}

SideBalance Balance(const SideTimes& times, const SideFacts& side, const SharedFacts& shared) {
  SideBalance balance;
  balance.read = times.read - times.launch;
  balance.unpack = times.unpack - times.read;
  // Memory has a clock of its own: reading does not wait for the processor's.
  balance.clock = (times.total - times.read) * (1 - side.clock);
  if (side.through_memory) {
    AddThroughMemory(times, shared, &balance);
  } else {
    AddRegisters(times, shared, &balance);
  }
  return balance;
}

}  // namespace

SideBalance BalanceArm(const PartTimes& times, const SideFacts& side, const SharedFacts& shared) {
  return Balance(TimesFrom(Part::kArm, times, shared), side, shared);
}

SideBalance BalanceBaseline(const PartTimes& times, const SideFacts& side,
                            const SharedFacts& shared) {
  return Balance(TimesFrom(Part::kBaseline, times, shared), side, shared);
}

}  // namespace quantfleet::analysis
