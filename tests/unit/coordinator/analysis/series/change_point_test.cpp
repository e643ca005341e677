// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/change_point.hpp"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/analysis/series/noise.hpp"
#include "coordinator/analysis/series/segmentation.hpp"

namespace quantfleet::analysis {
namespace {

constexpr double kNoise = 0.01;
constexpr double kEffect = 1.96 * kNoise;  // minimum detectable effect of one night

std::vector<double> Normal(size_t nights, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, kNoise);
  std::vector<double> values(nights);
  for (double& value : values) value = normal(random);
  return values;
}

TEST(ChangePointTest, SaysWhereAndHowMuch) {
  std::vector<double> values = Normal(60, 11);
  for (size_t i = 30; i < values.size(); ++i) values[i] -= 0.05;
  const auto changes = FindChangePoints(values, kEffect);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_NEAR(static_cast<double>(changes[0].index), 30, 1);
  EXPECT_NEAR(changes[0].after - changes[0].before, -0.05, 0.01);
  EXPECT_LT(changes[0].low, -0.05);
  EXPECT_GT(changes[0].high, -0.05);
  EXPECT_LT(changes[0].p_value, kStrongPValue);
}

TEST(ChangePointTest, UpAndDownAgainAreTwo) {
  std::vector<double> values = Normal(120, 2);
  for (size_t i = 50; i < 57; ++i) values[i] += 0.06;
  const auto changes = FindChangePoints(values, 0);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].index, 50U);
  EXPECT_EQ(changes[1].index, 57U);
}

TEST(ChangePointTest, OneOrTwoWildNightsAreNone) {
  for (const size_t wild : {1U, 2U}) {
    for (const size_t at : {0U, 20U, 38U}) {
      std::vector<double> values = Normal(40, 3);
      for (size_t i = at; i < at + wild; ++i) values[i] += 1;
      EXPECT_TRUE(FindChangePoints(values, 0).empty()) << wild << " at " << at;
    }
  }
}

TEST(ChangePointTest, SmallerThanTheEffectIsNone) {
  std::vector<double> values = Normal(200, 4);
  for (size_t i = 100; i < values.size(); ++i) values[i] += 0.015;
  EXPECT_EQ(FindChangePoints(values, 0).size(), 1U);
  EXPECT_TRUE(FindChangePoints(values, kEffect).empty());
}

TEST(ChangePointTest, ScaleAndOriginDoNotMatter) {
  std::vector<double> values = Normal(60, 5);
  for (size_t i = 40; i < values.size(); ++i) values[i] += 0.05;
  std::vector<double> moved;
  for (const double value : values) moved.push_back(1e6 + 1e-3 * value);
  const auto changes = FindChangePoints(values, 0);
  const auto same = FindChangePoints(moved, 0);
  ASSERT_EQ(changes.size(), 1U);
  ASSERT_EQ(same.size(), 1U);
  EXPECT_EQ(changes[0].index, same[0].index);
}

TEST(ChangePointTest, TooFewOrEqualNightsHaveNone) {
  EXPECT_TRUE(FindChangePoints({}, 0).empty());
  EXPECT_TRUE(FindChangePoints(std::vector<double>{1}, 0).empty());
  EXPECT_TRUE(FindChangePoints(std::vector<double>{1, 1, 1, 2, 2}, 0).empty());
  EXPECT_TRUE(FindChangePoints(std::vector<double>(30, 0.5), 0).empty());
}

TEST(ChangePointTest, StepWithoutAnyNoise) {
  std::vector<double> values(20, 1);
  for (size_t i = 10; i < 20; ++i) values[i] = 1.1;
  const auto changes = FindChangePoints(values, 0.05);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].index, 10U);
  EXPECT_LT(changes[0].p_value, 1e-100);
}

TEST(NoiseTest, IsTheDeviationWhateverTheSteps) {
  std::vector<double> values = Normal(2000, 6);
  EXPECT_NEAR(NightNoise(values), kNoise, 0.0006);
  for (size_t i = 0; i < values.size(); ++i) values[i] += static_cast<double>(i / 500);
  EXPECT_NEAR(NightNoise(values), kNoise, 0.0006);
  EXPECT_EQ(NightNoise(std::vector<double>{3}), 0);
  EXPECT_EQ(NightNoise(std::vector<double>(9, 3)), 0);
  EXPECT_GT(NightNoise(std::vector<double>{1, 1, 1, 1, 2}), 0);
}

TEST(NoiseTest, WildNightsAreDrawnInAndLevelsKept) {
  std::vector<double> values = Normal(40, 7);
  values[10] = 5;
  for (size_t i = 20; i < 40; ++i) values[i] += 1;
  const auto tamed = WithoutWildNights(values, kNoise);
  EXPECT_LT(tamed[10], 0.06);
  for (size_t i = 20; i < 40; ++i) EXPECT_NEAR(tamed[i], 1, 0.06) << i;
  for (size_t i = 0; i < 20; ++i) EXPECT_NEAR(tamed[i], 0, 0.06) << i;
}

TEST(SegmentationTest, IsTheBestOfAll) {
  std::mt19937_64 random(8);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 50; ++trial) {
    std::vector<double> values(10);
    for (double& value : values) value = normal(random);
    const auto cost = [&](const std::vector<size_t>& starts) {
      double sum = 0;
      for (size_t i = 0; i < starts.size(); ++i) {
        const size_t end = i + 1 < starts.size() ? starts[i + 1] : values.size();
        double mean = 0;
        for (size_t k = starts[i]; k < end; ++k) {
          mean += values[k] / static_cast<double>(end - starts[i]);
        }
        for (size_t k = starts[i]; k < end; ++k) sum += (values[k] - mean) * (values[k] - mean);
      }
      return sum + 0.7 * static_cast<double>(starts.size());
    };
    double best = cost({0});
    for (size_t one = 2; one <= 8; ++one) {
      best = std::min(best, cost({0, one}));
      for (size_t two = one + 2; two <= 8; ++two) {
        best = std::min(best, cost({0, one, two}));
        for (size_t three = two + 2; three <= 8; ++three) {
          best = std::min(best, cost({0, one, two, three}));
          if (three + 2 <= 8) best = std::min(best, cost({0, one, two, three, three + 2}));
        }
      }
    }
    EXPECT_NEAR(cost(BestSegments(values, 0.7, 2)), best, 1e-9);
  }
  EXPECT_EQ(BestSegments({}, 1, 2), std::vector<size_t>{0});
}

}  // namespace
}  // namespace quantfleet::analysis
