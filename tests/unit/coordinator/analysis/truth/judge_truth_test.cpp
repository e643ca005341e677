// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
// Truth tests of verdicts, through ComputeRatios as `quantfleet judge` calls it: blocks of samples
// whose true ratio is known.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/coordinator/analysis/synthetic.hpp"

namespace quantfleet::analysis {
namespace {

constexpr int kSimulations = 2000;

// What the machine does to the samples of a block beside noise. `share` of the way through the run.
using Disturbance = std::function<double(double share, std::mt19937_64* random)>;

double Calm(double /*share*/, std::mt19937_64* /*random*/) {
  return 1;
}
// A second mode 30 % above the first takes a third of the samples.
double TwoModes(double /*share*/, std::mt19937_64* random) {
  return std::uniform_real_distribution<double>()(*random) < 1.0 / 3 ? 1.3 : 1;
}
// The machine gets 40 % slower from the first round to the last.
double Drift(double share, std::mt19937_64* /*random*/) {
  return 1 + 0.4 * share;
}
// From the middle on everything takes 1.5 times as long.
double Throttling(double share, std::mt19937_64* /*random*/) {
  return share < 0.5 ? 1 : 1.5;
}

struct Shares {
  double covered = 0;  // intervals that hold the true ratio
  double faster = 0;
  double slower = 0;
};

Shares Judge(double ratio, uint32_t rounds, int simulations, const Disturbance& disturb) {
  std::mt19937_64 random(rounds);
  Shares shares;
  for (int i = 0; i < simulations; ++i) {
    MeasuredBlock made = synthetic::MakeBlock(1e-3, {{"nf4", "fused", ratio * 1e-3}}, rounds,
                                              {.between_rounds = 0.02}, &random);
    for (v1::Measurement& measurement : *made.result.mutable_measurements()) {
      for (v1::Round& round : *measurement.mutable_rounds()) {
        const double share = static_cast<double>(round.number()) / (rounds - 1);
        for (double& seconds : *round.mutable_seconds()) seconds *= disturb(share, &random);
      }
    }
    const v1::Ratio judged = ComputeRatios(made.block, made.result).at(2);
    const double one = 1.0 / simulations;
    if (judged.low() <= ratio && ratio <= judged.high()) shares.covered += one;
    if (judged.verdict() == v1::VERDICT_FASTER) shares.faster += one;
    if (judged.verdict() == v1::VERDICT_SLOWER) shares.slower += one;
  }
  return shares;
}

struct Machine {
  const char* name;
  double ratio;  // planted
  Disturbance disturb;
};

class JudgeTruthTest : public ::testing::TestWithParam<Machine> {};

TEST_P(JudgeTruthTest, PlantedRatiosAreCoveredAndFound) {
  const Shares shares = Judge(GetParam().ratio, 10, kSimulations, GetParam().disturb);
  EXPECT_GE(shares.covered, 0.93);
  EXPECT_LE(shares.covered, 0.97);
  EXPECT_GT(GetParam().ratio < 1 ? shares.faster : shares.slower, 0.9);
  EXPECT_EQ(GetParam().ratio < 1 ? shares.slower : shares.faster, 0);
  RecordProperty("coverage", std::to_string(shares.covered));
}

TEST_P(JudgeTruthTest, EqualArmsAreNeitherFasterNorSlower) {
  for (const auto& [rounds, simulations] : {std::pair(5U, kSimulations), std::pair(12U, 500)}) {
    const Shares shares = Judge(1, rounds, simulations, GetParam().disturb);
    EXPECT_LT(shares.faster + shares.slower, 0.05) << rounds;
    RecordProperty("false_" + std::to_string(rounds),
                   std::to_string(shares.faster + shares.slower));
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, JudgeTruthTest,
                         ::testing::Values(Machine{"calm", 0.85, Calm},
                                           Machine{"two_modes", 0.4, TwoModes},
                                           Machine{"drift", 1.6, Drift},
                                           Machine{"throttling", 0.7, Throttling}),
                         [](const auto& machine) { return std::string(machine.param.name); });

}  // namespace
}  // namespace quantfleet::analysis
