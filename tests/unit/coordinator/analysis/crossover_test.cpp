// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/crossover.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantfleet::analysis {
namespace {

using ::testing::HasSubstr;

// Verdicts at batch 1, 2, 4 ...: W faster, L slower, S same, ? ambiguous, - not comparable.
class CrossoverTest : public ::testing::Test {
 protected:
  v1::Crossover Find(const std::string& verdicts) {
    row_.mutable_arm()->mutable_spec()->set_format("nf4");
    row_.mutable_arm()->mutable_spec()->set_kernel("fused");
    (*row_.mutable_arm()->mutable_labels())["layer"] = "gpt2/mlp.c_fc";
    (*row_.mutable_arm()->mutable_labels())["batch"] = "1";
    AxisCurve curve;
    curve.example = &row_;
    curve.baseline_name = "fp32";
    double axis = 1;
    for (const char verdict : verdicts) {
      if (verdict == 'W') curve.points.push_back({axis, v1::VERDICT_FASTER, {-0.2, -0.3, -0.1}});
      if (verdict == 'L') curve.points.push_back({axis, v1::VERDICT_SLOWER, {0.2, 0.1, 0.3}});
      if (verdict == 'S') curve.points.push_back({axis, v1::VERDICT_SAME, {0, -0.01, 0.01}});
      if (verdict == '?') curve.points.push_back({axis, v1::VERDICT_AMBIGUOUS, {0, -0.1, 0.1}});
      if (verdict == '-') curve.missing.push_back(axis);
      axis *= 2;
    }
    return FindCrossover(curve, "batch");
  }

  v1::ComparisonRow row_;
};

TEST_F(CrossoverTest, StopsWinning) {
  const v1::Crossover crossover = Find("WWLL");
  EXPECT_EQ(crossover.kind(), v1::CROSSOVER_KIND_STOPS_WINNING);
  ASSERT_EQ(crossover.flips_size(), 1);
  const v1::Flip& flip = crossover.flips(0);
  EXPECT_EQ(flip.from(), 2);
  EXPECT_EQ(flip.to(), 4);
  EXPECT_TRUE(flip.wins_at_from());
  // -0.2 at 2 and 0.2 at 4: zero half-way in log2. The ends: -0.1 to 0.3 and -0.3 to 0.1.
  EXPECT_NEAR(flip.estimate(), std::exp2(1.5), 1e-9);
  EXPECT_NEAR(flip.low(), std::exp2(1.25), 1e-9);
  EXPECT_NEAR(flip.high(), std::exp2(1.75), 1e-9);
  EXPECT_EQ(crossover.sentence(),
            "nf4 fused on gpt2/mlp.c_fc is faster than fp32 up to batch 2 and slower from 4 on "
            "(break-even near batch 2.83, between 2.38 and 3.36)");
  EXPECT_EQ(crossover.axis_min(), 1);
  EXPECT_EQ(crossover.axis_max(), 8);
  EXPECT_EQ(crossover.labels().count("batch"), 0U);
}

TEST_F(CrossoverTest, StartsWinning) {
  const v1::Crossover crossover = Find("LLW");
  EXPECT_EQ(crossover.kind(), v1::CROSSOVER_KIND_STARTS_WINNING);
  EXPECT_FALSE(crossover.flips(0).wins_at_from());
  EXPECT_NEAR(crossover.flips(0).estimate(), std::exp2(1.5), 1e-9);
  EXPECT_NEAR(crossover.flips(0).low(), std::exp2(1.25), 1e-9);
  EXPECT_NEAR(crossover.flips(0).high(), std::exp2(1.75), 1e-9);
  EXPECT_THAT(crossover.sentence(), HasSubstr("slower than fp32 up to batch 2 and faster from 4"));
}

TEST_F(CrossoverTest, WinsEverywhereOrNever) {
  EXPECT_EQ(Find("WWW").kind(), v1::CROSSOVER_KIND_WINS_EVERYWHERE);
  EXPECT_THAT(Find("WWW").sentence(), HasSubstr("is faster than fp32 at every batch from 1 to 4"));
  EXPECT_EQ(Find("LLS").kind(), v1::CROSSOVER_KIND_NEVER_WINS);
  EXPECT_THAT(Find("LLS").sentence(), HasSubstr("is not faster than fp32 at every batch"));
  EXPECT_THAT(Find("LL").sentence(), HasSubstr("is slower than fp32 at every batch"));
  EXPECT_THAT(Find("SS").sentence(), HasSubstr("is no different from fp32 at every batch"));
}

TEST_F(CrossoverTest, Several) {
  const v1::Crossover crossover = Find("WLLW");
  EXPECT_EQ(crossover.kind(), v1::CROSSOVER_KIND_SEVERAL);
  ASSERT_EQ(crossover.flips_size(), 2);
  EXPECT_THAT(crossover.sentence(), HasSubstr("stops winning between batch 1 and 2, starts"));
}

TEST_F(CrossoverTest, AmbiguousPointBetweenWidensTheFlip) {
  const v1::Crossover crossover = Find("W?L");
  EXPECT_EQ(crossover.kind(), v1::CROSSOVER_KIND_STOPS_WINNING);
  EXPECT_EQ(crossover.flips(0).from(), 1);
  EXPECT_EQ(crossover.flips(0).to(), 4);
  EXPECT_NEAR(crossover.flips(0).estimate(), 2, 1e-9);
  EXPECT_EQ(Find("W-L").kind(), v1::CROSSOVER_KIND_STOPS_WINNING);
}

TEST_F(CrossoverTest, AmbiguousPointThatCouldHideAFlip) {
  for (const char* verdicts : {"?WL", "WL?", "W?W", "L?L", "??", "W-W", "WW-"}) {
    EXPECT_EQ(Find(verdicts).kind(), v1::CROSSOVER_KIND_UNDECIDED) << verdicts;
  }
  EXPECT_THAT(Find("WL?").sentence(),
              HasSubstr("undecided against fp32 at batch 4, faster at batch 1, slower at batch 2"));
}

TEST_F(CrossoverTest, ZeroThatIsNeverReachedIsTheEndOfTheRange) {
  const v1::Crossover crossover = Find("WS");
  EXPECT_EQ(crossover.kind(), v1::CROSSOVER_KIND_STOPS_WINNING);
  EXPECT_EQ(crossover.flips(0).high(), 2);
}

}  // namespace
}  // namespace quantfleet::analysis
