// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// A search finds crossovers that were planted, through the same intervals and verdicts as measured
// ones.
#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/analysis/crossover.hpp"
#include "coordinator/analysis/interval.hpp"
#include "coordinator/analysis/search/next_points.hpp"
#include "coordinator/analysis/verdict.hpp"

namespace quantfleet::analysis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Points at `values` with verdicts: W faster, L slower, S same, U ambiguous, - without a ratio.
AxisCurve CurveOf(const std::vector<double>& values, const std::string& verdicts) {
  AxisCurve curve;
  for (size_t i = 0; i < values.size(); ++i) {
    const double axis = values[i];
    if (verdicts[i] == 'W') curve.points.push_back({axis, v1::VERDICT_FASTER, {-0.2, -0.3, -0.1}});
    if (verdicts[i] == 'L') curve.points.push_back({axis, v1::VERDICT_SLOWER, {0.2, 0.1, 0.3}});
    if (verdicts[i] == 'S') curve.points.push_back({axis, v1::VERDICT_SAME, {0, -0.01, 0.01}});
    if (verdicts[i] == 'U') curve.points.push_back({axis, v1::VERDICT_AMBIGUOUS, {0, -0.1, 0.1}});
    if (verdicts[i] == '-') curve.missing.push_back(axis);
  }
  return curve;
}

SearchStep Next(const std::vector<double>& values, const std::string& verdicts, uint32_t added = 0,
                const SearchPolicy& policy = {}) {
  return NextPoints(CurveOf(values, verdicts), {values.begin(), values.end()}, added, policy);
}

TEST(SearchTest, TheMiddleOfAFlipInLogarithmsIsNext) {
  EXPECT_THAT(Next({1, 256}, "WL").values, ElementsAre(16));
  EXPECT_THAT(Next({1, 16, 256}, "WWL").values, ElementsAre(64));
  EXPECT_THAT(Next({1, 16, 256}, "LLW").values, ElementsAre(64));
  EXPECT_EQ(Next({1, 256}, "WL").outcome, v1::SEARCH_OUTCOME_RUNNING);
}

TEST(SearchTest, NothingIsAddedWhereNothingFlips) {
  for (const char* verdicts : {"WWW", "LLL", "LSL", "UUU", "LUL", "WUW", "LLU", "ULS", "---"}) {
    const SearchStep step = Next({1, 16, 256}, verdicts);
    EXPECT_THAT(step.values, IsEmpty()) << verdicts;
    EXPECT_EQ(step.outcome, v1::SEARCH_OUTCOME_RESOLVED) << verdicts;
  }
}

TEST(SearchTest, SeveralFlipsAreBisectedTogether) {
  EXPECT_THAT(Next({1, 4, 64, 256}, "WLLW").values, ElementsAre(2, 128));
}

TEST(SearchTest, WhatIsUndecidedIsClosedInFromBothSides) {
  EXPECT_THAT(Next({4, 16, 64}, "WUL").values, ElementsAre(8, 32));
  EXPECT_THAT(Next({4, 16, 36, 64}, "WUUL").values, ElementsAre(8, 48));
  EXPECT_THAT(Next({15, 16, 17}, "WUL").values, IsEmpty());
}

TEST(SearchTest, WhereAnArmWinsBesideAnOpenEndIsLookedFor) {
  EXPECT_THAT(Next({1, 16, 64}, "WWU").values, ElementsAre(32));
  EXPECT_THAT(Next({1, 4, 64}, "UWW").values, ElementsAre(2));
}

TEST(SearchTest, NeighboursAtTheResolutionEndIt) {
  EXPECT_THAT(Next({16, 17}, "WL").values, IsEmpty());
  EXPECT_THAT(Next({16, 18}, "WL").values, ElementsAre(17));
  EXPECT_THAT(Next({128, 256}, "WL", 0, {64, 8}).values, ElementsAre(192));
  EXPECT_THAT(Next({128, 192}, "WL", 0, {64, 8}).values, IsEmpty());
  EXPECT_THAT(Next({130, 191}, "WL", 0, {64, 8}).values, IsEmpty());
}

TEST(SearchTest, AValueWithoutARatioIsNotTriedAgain) {
  EXPECT_THAT(Next({4, 16, 64}, "W-L").values, ElementsAre(17));
  EXPECT_THAT(Next({4, 5, 6}, "W-L").values, IsEmpty());
}

TEST(SearchTest, ThePointsOfACurveAreBounded) {
  EXPECT_THAT(Next({1, 4, 64, 256}, "WLLW", 7).values, ElementsAre(2));
  const SearchStep spent = Next({1, 4, 64, 256}, "WLLW", 8);
  EXPECT_THAT(spent.values, IsEmpty());
  EXPECT_EQ(spent.outcome, v1::SEARCH_OUTCOME_POINTS_SPENT);
}

// A made-up arm: its true log-ratio along the axis, and the noise of a round's log-ratio.
struct Truth {
  std::function<double(double)> log_ratio;
  double crossover = 0;
  double noise = 0;
  bool is_smooth = true;
};

CurvePoint Measure(const Truth& truth, double axis, std::mt19937_64* random) {
  constexpr int kRounds = 20;
  std::normal_distribution<double> noise(0, truth.noise);
  std::vector<double> null, arm;
  for (int i = 0; i < kRounds; ++i) {
    null.push_back(noise(*random));
    arm.push_back(truth.log_ratio(axis) + noise(*random));
  }
  CurvePoint point;
  point.axis = axis;
  point.log_ratio = MeanInterval(arm, 0.95, (*random)());
  const Interval null_interval = MeanInterval(null, 0.95, (*random)());
  point.verdict =
      Decide(point.log_ratio, MinimumDetectableLogEffect(null_interval, point.log_ratio));
  return point;
}

struct Found {
  v1::Crossover crossover;
  AxisCurve curve;
  uint32_t added = 0;
};

Found Search(const Truth& truth, const std::vector<double>& start, std::mt19937_64* random) {
  static const v1::ComparisonRow kRow;
  Found found;
  found.curve.example = &kRow;
  std::set<double> taken;
  std::vector<double> next = start;
  for (bool first = true; !next.empty(); first = false) {
    for (const double axis : next) {
      found.curve.points.push_back(Measure(truth, axis, random));
      taken.insert(axis);
    }
    if (!first) found.added += static_cast<uint32_t>(next.size());
    std::sort(found.curve.points.begin(), found.curve.points.end(),
              [](const CurvePoint& a, const CurvePoint& b) { return a.axis < b.axis; });
    next = NextPoints(found.curve, taken, found.added, {}).values;
  }
  found.crossover = FindCrossover(found.curve, "batch");
  return found;
}

// A log-ratio that grows with the octaves of the axis, or jumps at the crossover.
Truth RandomTruth(std::mt19937_64* random) {
  std::uniform_real_distribution<double> unit(0, 1);
  Truth truth;
  truth.crossover = std::exp2(0.5 + 7 * unit(*random));  // 1.4 to 181
  truth.noise = 0.005 + 0.03 * unit(*random);
  const double sign = unit(*random) < 0.3 ? -1 : 1;
  const double slope = sign * (0.05 + 0.5 * unit(*random));
  const double jump = unit(*random) < 0.3 ? sign * 0.2 : 0;
  truth.is_smooth = jump == 0;
  const double center = std::log2(truth.crossover);
  truth.log_ratio = [=](double axis) {
    const double octaves = std::log2(axis) - center;
    return slope * octaves + (octaves < 0 ? -jump : jump);
  };
  return truth;
}

// Which of the cells between measured points `axis` lies in.
std::ptrdiff_t CellOf(const AxisCurve& curve, double axis) {
  return std::count_if(curve.points.begin(), curve.points.end(),
                       [&](const CurvePoint& point) { return point.axis <= axis; });
}

bool Between(double low, double value, double high) {
  return low <= value && value <= high;
}

TEST(SearchTest, PlantedCrossoversAreFoundWithinOneStep) {
  constexpr int kRuns = 2000;
  int within_a_step = 0, smooth = 0, covered = 0, enclosed = 0;
  double points = 0;
  for (int seed = 0; seed < kRuns; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    const Truth truth = RandomTruth(&random);
    const Found found = Search(truth, {1, 16, 256}, &random);
    points += found.added;
    EXPECT_LE(found.added, SearchPolicy().max_points);
    smooth += truth.is_smooth ? 1 : 0;
    if (found.crossover.flips_size() != 1) continue;
    const v1::Flip& flip = found.crossover.flips(0);
    const auto distance =
        CellOf(found.curve, flip.estimate()) - CellOf(found.curve, truth.crossover);
    within_a_step += std::abs(distance) <= 1 ? 1 : 0;
    const bool in_interval = Between(flip.low(), truth.crossover, flip.high());
    covered += truth.is_smooth && in_interval ? 1 : 0;
    enclosed += in_interval || Between(flip.from(), truth.crossover, flip.to()) ? 1 : 0;
  }
  std::printf(
      "within one step %.1f %%, in the interval where nothing jumps %.1f %%, in it or between the "
      "neighbours %.1f %%, %.1f points added\n",
      100.0 * within_a_step / kRuns, 100.0 * covered / smooth, 100.0 * enclosed / kRuns,
      points / kRuns);
  EXPECT_GE(within_a_step, 0.95 * kRuns);
  EXPECT_GE(covered, 0.95 * smooth);
  EXPECT_GE(enclosed, 0.95 * kRuns);
}

TEST(SearchTest, AnArmThatIsNoDifferentCostsNothing) {
  double points = 0;
  for (int seed = 0; seed < 500; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    const Truth truth{[](double) { return 0.0; }, 0, 0.02, true};
    points += Search(truth, {1, 16, 256}, &random).added;
  }
  EXPECT_LT(points / 500, 0.1);
}

}  // namespace
}  // namespace quantfleet::analysis
