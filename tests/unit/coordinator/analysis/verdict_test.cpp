// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/verdict.hpp"

#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/coordinator/analysis/synthetic.hpp"

namespace quantfleet::analysis {
namespace {

using ::testing::HasSubstr;

struct Tally {
  double wrong = 0;  // faster or slower
  double same = 0;
  double ambiguous = 0;
};

// Verdicts on a candidate of true ratio `ratio`, as shares.
Tally Simulate(uint32_t rounds, double ratio, const synthetic::Noise& noise,
               int simulations = 500) {
  std::mt19937_64 random(rounds);
  Tally tally;
  for (int i = 0; i < simulations; ++i) {
    const MeasuredBlock block =
        synthetic::MakeBlock(1e-3, {{"nf4", "fused", ratio * 1e-3}}, rounds, noise, &random);
    const v1::Verdict verdict = ComputeRatios(block.block, block.result).at(2).verdict();
    const double share = 1.0 / simulations;
    if (verdict == v1::VERDICT_FASTER || verdict == v1::VERDICT_SLOWER) tally.wrong += share;
    if (verdict == v1::VERDICT_SAME) tally.same += share;
    if (verdict == v1::VERDICT_AMBIGUOUS) tally.ambiguous += share;
  }
  return tally;
}

TEST(VerdictSimulationTest, NoiseAloneIsNeverAnEffect) {
  struct Case {
    uint32_t rounds;
    double between;
  };
  for (const auto& [rounds, between] : {Case{8, 0.02}, Case{8, 0.1}, Case{20, 0.002}}) {
    const Tally tally = Simulate(rounds, 1, {.between_rounds = between}, 2000);
    RecordProperty("wrong_" + std::to_string(rounds), std::to_string(tally.wrong));
    EXPECT_LT(tally.wrong, 0.01) << rounds << " rounds, noise " << between;
    EXPECT_NEAR(tally.wrong + tally.same + tally.ambiguous, 1, 1e-9);
  }
}

TEST(VerdictSimulationTest, BiasThatSticksToAnArmIsNoEffect) {
  const synthetic::Noise quiet{.between_rounds = 0.001, .within_round = 0.001, .sticking = 0.0036};
  EXPECT_LT(Simulate(8, 1, quiet, 2000).wrong, 0.05);
}

TEST(VerdictSimulationTest, SameIsNotSaidOfADifferenceAboveTheFloor) {
  // A true difference of 3 % on a quiet machine: "same" would be false.
  const synthetic::Noise quiet{.between_rounds = 0.003, .within_round = 0.003};
  const Tally different = Simulate(8, 1.03, quiet);
  EXPECT_LT(different.same, 0.01);
  EXPECT_GT(different.wrong, 0.9) << "here faster or slower is right";
  EXPECT_GT(Simulate(8, 1, quiet).same, 0.9);
}

TEST(VerdictSimulationTest, LargeEffectsAreFoundThroughNoise) {
  EXPECT_GT(Simulate(8, 0.7, {.between_rounds = 0.05}).wrong, 0.95);
}

TEST(VerdictTest, FollowsTheInterval) {
  const double effect = 0.05;
  EXPECT_EQ(Decide({-0.2, -0.3, -0.06}, effect), v1::VERDICT_FASTER);
  EXPECT_EQ(Decide({-0.2, -0.3, -0.05}, effect), v1::VERDICT_AMBIGUOUS);
  EXPECT_EQ(Decide({0.2, 0.06, 0.3}, effect), v1::VERDICT_SLOWER);
  EXPECT_EQ(Decide({0.0, -0.05, 0.05}, effect), v1::VERDICT_SAME);
  EXPECT_EQ(Decide({0.0, -0.05, 0.051}, effect), v1::VERDICT_AMBIGUOUS);
  EXPECT_EQ(Decide({0.0, -1, 1}, effect), v1::VERDICT_AMBIGUOUS);
}

TEST(VerdictTest, EffectIsTheFarEndOfTheNullWithAFloor) {
  const Interval arm{-0.2, -0.25, -0.15};
  EXPECT_DOUBLE_EQ(MinimumDetectableLogEffect(Interval{0.01, -0.02, 0.04}, arm), 0.04);
  EXPECT_DOUBLE_EQ(MinimumDetectableLogEffect(Interval{-0.01, -0.04, 0.02}, arm), 0.04);
  EXPECT_DOUBLE_EQ(MinimumDetectableLogEffect(Interval{0, 0, 0}, arm), kLeastLogEffect);
  EXPECT_NEAR(std::expm1(kLeastLogEffect), 0.01, 1e-8);
  EXPECT_DOUBLE_EQ(MinimumDetectableLogEffect(std::nullopt, arm), 0.05) << "the arm's own width";
}

TEST(VerdictTest, NextStepCountsRounds) {
  // The interval must shrink from 0.06 to below 0.04 half-width: (6/4)^2 * 8 is 18 rounds.
  const std::string step = NextStep({-0.05, -0.11, 0.01}, Interval{0, -0.001, 0.001}, 8);
  EXPECT_THAT(step, HasSubstr("minimum detectable effect of 1.0 %"));
  EXPECT_THAT(step, HasSubstr("needs about 10 more rounds than the 8 it has"));
}

TEST(VerdictTest, NextStepSaysWhenRoundsDoNotHelp) {
  const std::string step = NextStep({kLeastLogEffect, 0.005, 0.015}, Interval{0, -0.001, 0.001}, 8);
  EXPECT_THAT(step, HasSubstr("more rounds will not decide"));
}

// A null that spreads over a factor of three has shown nothing of an arm within it.
TEST(VerdictTest, NothingIsCalledTheSameWithinAHugeEffect) {
  const Interval third = {std::log(0.33), std::log(0.3), std::log(0.36)};
  EXPECT_EQ(Decide(third, std::log(3.5)), v1::VERDICT_AMBIGUOUS);
  const Interval close = {0.01, -0.02, 0.04};
  EXPECT_EQ(Decide(close, std::log(1.1)), v1::VERDICT_SAME);
  EXPECT_EQ(Decide(close, std::log(1.11)), v1::VERDICT_AMBIGUOUS);
  const Interval null = {0, -std::log(3.5), std::log(3.5)};
  EXPECT_THAT(NextStep(third, null, 8),
              HasSubstr("250.0 % is more than the 10.0 % that are called the same"));
}

}  // namespace
}  // namespace quantfleet::analysis
