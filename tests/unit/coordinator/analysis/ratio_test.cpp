// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/analysis/log_ratio.hpp"
#include "tests/unit/coordinator/analysis/synthetic.hpp"

namespace quantfleet::analysis {
namespace {

using synthetic::MakeMeasurement;
using ::testing::HasSubstr;

// A quiet block with one candidate (arm 2) that takes half the time.
MeasuredBlock HalfTheTime(uint32_t rounds = 8) {
  std::mt19937_64 random(1);
  return synthetic::MakeBlock(2e-3, {{"nf4", "fused", 1e-3}}, rounds, {.between_rounds = 0.005},
                              &random);
}

v1::Ratio CandidateOf(const MeasuredBlock& made) {
  return ComputeRatios(made.block, made.result).at(2);
}

TEST(RatioTest, ArmOverBaseline) {
  const v1::Ratio ratio = CandidateOf(HalfTheTime());
  EXPECT_NEAR(ratio.ratio(), 0.5, 0.01);
  EXPECT_LT(ratio.low(), ratio.ratio());
  EXPECT_GT(ratio.high(), ratio.ratio());
  EXPECT_EQ(ratio.verdict(), v1::VERDICT_FASTER);
  EXPECT_EQ(ratio.rounds(), 8U);
  EXPECT_GE(ratio.minimum_detectable_effect(), 0.01 - 1e-9);
  EXPECT_EQ(ratio.reason(), "");
}

TEST(RatioTest, BaselineHasNoneAndNullIsTheSame) {
  const MeasuredBlock made = HalfTheTime();
  const auto ratios = ComputeRatios(made.block, made.result);
  EXPECT_EQ(ratios.count(0), 0U);
  EXPECT_EQ(ratios.at(1).verdict(), v1::VERDICT_SAME);
}

TEST(RatioTest, EqualInputGivesEqualOutput) {
  const MeasuredBlock made = HalfTheTime(12);
  EXPECT_EQ(CandidateOf(made).SerializeAsString(), CandidateOf(made).SerializeAsString());
}

TEST(RatioTest, PairingIsByNumberNotByPlace) {
  MeasuredBlock made = HalfTheTime();
  const v1::Ratio before = CandidateOf(made);
  auto* rounds = made.result.mutable_measurements(2)->mutable_rounds();
  rounds->SwapElements(0, 5);
  EXPECT_EQ(CandidateOf(made).SerializeAsString(), before.SerializeAsString());
}

TEST(RatioTest, UnpairedRoundsDoNotCount) {
  MeasuredBlock made = HalfTheTime();
  made.result.mutable_measurements(2)->mutable_rounds(3)->clear_seconds();
  made.result.mutable_measurements(0)->mutable_rounds(4)->set_number(99);
  EXPECT_EQ(CandidateOf(made).rounds(), 6U);
}

TEST(RatioTest, TooFewRounds) {
  for (const uint32_t rounds : {0U, 1U, 2U}) {
    const v1::Ratio ratio = CandidateOf(HalfTheTime(rounds));
    EXPECT_EQ(ratio.verdict(), v1::VERDICT_NOT_COMPARABLE);
    EXPECT_THAT(ratio.reason(), HasSubstr("only " + std::to_string(rounds) + " paired rounds"));
  }
  EXPECT_NE(CandidateOf(HalfTheTime(3)).verdict(), v1::VERDICT_NOT_COMPARABLE);
}

TEST(RatioTest, NotANumberIsRefused) {
  for (const double bad : {std::nan(""), 0.0, -1.0, std::numeric_limits<double>::infinity()}) {
    MeasuredBlock made = HalfTheTime();
    made.result.mutable_measurements(2)->mutable_rounds(4)->set_seconds(1, bad);
    const v1::Ratio ratio = CandidateOf(made);
    EXPECT_EQ(ratio.verdict(), v1::VERDICT_NOT_COMPARABLE);
    EXPECT_THAT(ratio.reason(), HasSubstr("arm 2, round 4"));
    EXPECT_EQ(ratio.ratio(), 0);
  }
}

TEST(RatioTest, NoVarianceIsNoProblem) {
  MeasuredBlock made = HalfTheTime();
  const std::vector<std::vector<double>> constant(8, {1e-3, 1e-3});
  for (int i = 0; i < 3; ++i) {
    *made.result.mutable_measurements(i)->mutable_rounds() =
        MakeMeasurement(static_cast<uint32_t>(i), constant).rounds();
  }
  const v1::Ratio ratio = CandidateOf(made);
  EXPECT_DOUBLE_EQ(ratio.ratio(), 1);
  EXPECT_DOUBLE_EQ(ratio.low(), 1);
  EXPECT_EQ(ratio.verdict(), v1::VERDICT_SAME);
}

// Times that are absurd and yet positive: three rounds that have nothing in common give an interval
// wider than numbers are.
TEST(RatioTest, EndsAreFiniteHoweverWildTheRounds) {
  MeasuredBlock made = HalfTheTime(3);
  const std::vector<std::vector<double>> wild = {{1e-3}, {1e-300}, {1e300}};
  for (int i = 0; i < made.result.measurements_size(); ++i) {
    *made.result.mutable_measurements(i)->mutable_rounds() =
        MakeMeasurement(static_cast<uint32_t>(i), i == 2 ? wild : std::vector(3, wild[0])).rounds();
  }
  const v1::Ratio ratio = CandidateOf(made);
  EXPECT_GT(ratio.low(), 0);
  EXPECT_TRUE(std::isfinite(ratio.high()));
  EXPECT_TRUE(std::isfinite(ratio.minimum_detectable_effect()));
  EXPECT_EQ(ratio.verdict(), v1::VERDICT_AMBIGUOUS);
}

TEST(RatioTest, BaselineMustBeMeasured) {
  MeasuredBlock made = HalfTheTime();
  made.result.mutable_measurements(0)->set_outcome(v1::OUTCOME_CRASHED);
  made.result.mutable_measurements(0)->set_reason("signal 11");
  EXPECT_EQ(CandidateOf(made).verdict(), v1::VERDICT_NOT_COMPARABLE);
  EXPECT_EQ(CandidateOf(made).reason(), "the baseline crashed the engine: signal 11");
  made.result.mutable_measurements()->DeleteSubrange(0, 1);
  EXPECT_EQ(CandidateOf(made).reason(), "the baseline has no measurement in this run");
}

TEST(RatioTest, WrongOutputIsInvalidWhateverTheBaseline) {
  MeasuredBlock made = HalfTheTime();
  made.result.mutable_measurements(2)->set_outcome(v1::OUTCOME_INVALID);
  EXPECT_EQ(CandidateOf(made).verdict(), v1::VERDICT_INVALID);
  made.result.mutable_measurements(0)->set_outcome(v1::OUTCOME_CRASHED);
  EXPECT_EQ(CandidateOf(made).verdict(), v1::VERDICT_INVALID);
}

TEST(RatioTest, BadGradesDoNotRank) {
  MeasuredBlock made = HalfTheTime();
  made.result.mutable_measurements(2)->set_grade(v1::GRADE_D);
  made.result.mutable_measurements(2)->add_grade_reasons("throttled");
  EXPECT_EQ(CandidateOf(made).verdict(), v1::VERDICT_NOT_COMPARABLE);
  EXPECT_EQ(CandidateOf(made).reason(), "the arm has grade D: throttled");
  made.result.mutable_measurements(2)->set_grade(v1::GRADE_C);
  EXPECT_EQ(CandidateOf(made).verdict(), v1::VERDICT_FASTER);
  made.result.mutable_measurements(0)->set_grade(v1::GRADE_F);
  EXPECT_EQ(CandidateOf(made).reason(), "the baseline has grade F");
}

TEST(RatioTest, AnotherRunIsNotComparable) {
  MeasuredBlock made = HalfTheTime();
  made.block.set_block_id("blk_1");
  made.result.set_block_id("blk_2");
  EXPECT_THAT(CandidateOf(made).reason(), HasSubstr("different runs"));
  made.result.set_block_id("blk_1");
  made.result.mutable_measurements(2)->set_arm_id("another");
  EXPECT_THAT(CandidateOf(made).reason(), HasSubstr("another arm"));
}

TEST(RatioTest, WithoutANullTheArmMustBeTwiceAsFarOff) {
  MeasuredBlock made = HalfTheTime();
  made.result.mutable_measurements(1)->set_outcome(v1::OUTCOME_TIMED_OUT);
  const v1::Ratio ratio = CandidateOf(made);
  EXPECT_EQ(ratio.verdict(), v1::VERDICT_FASTER);
  EXPECT_GE(ratio.minimum_detectable_effect() * 1.01, ratio.high() / ratio.ratio() - 1);
}

}  // namespace
}  // namespace quantfleet::analysis
