// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/trend.hpp"

#include <cmath>
#include <optional>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/analysis/series/anchor.hpp"

namespace quantfleet::analysis {
namespace {

using ::testing::StartsWith;

// Sixty nights about `level`, 4 % more from night 30 on.
v1::Trend Stepped(v1::TrendUnit unit, double level) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0, 0.005);
  v1::Trend trend;
  trend.set_unit(unit);
  for (int i = 0; i < 60; ++i) {
    const double log_value = (i >= 30 ? std::log(1.04) : 0) + normal(random);
    const bool is_log = unit == v1::TREND_UNIT_LOG_RATIO;
    trend.add_points()->set_value(is_log ? level + log_value : level * std::exp(log_value));
  }
  return trend;
}

TEST(TrendTest, RelativeChangeFollowsTheUnit) {
  for (const auto& [unit, level] :
       {std::pair(v1::TREND_UNIT_LOG_RATIO, -0.7), std::pair(v1::TREND_UNIT_RATIO, 0.5),
        std::pair(v1::TREND_UNIT_SECONDS, 3e-6)}) {
    v1::Trend trend = Stepped(unit, level);
    JudgeTrend(&trend);
    ASSERT_EQ(trend.change_points_size(), 1) << unit;
    EXPECT_EQ(trend.change_points(0).index(), 30U);
    EXPECT_NEAR(trend.change_points(0).relative_change(), 0.04, 0.005);
    EXPECT_EQ(trend.change_points(0).verdict(), v1::VERDICT_SLOWER);
    EXPECT_EQ(trend.nights(), 60U);
  }
  v1::Trend plain = Stepped(v1::TREND_UNIT_UNSPECIFIED, 0.5);
  JudgeTrend(&plain);
  ASSERT_EQ(plain.change_points_size(), 1);
  EXPECT_FALSE(plain.change_points(0).has_relative_change());
}

TEST(TrendTest, NightsWithoutAValueKeepTheirPlace) {
  v1::Trend trend = Stepped(v1::TREND_UNIT_SECONDS, 1);
  trend.mutable_points(3)->clear_value();
  trend.mutable_points(4)->set_excluded("by hand");
  trend.mutable_points(4)->set_value(1e9);
  JudgeTrend(&trend);
  ASSERT_EQ(trend.change_points_size(), 1);
  EXPECT_EQ(trend.change_points(0).index(), 30U);
  EXPECT_EQ(trend.nights(), 58U);
  EXPECT_EQ(trend.points(4).excluded(), "by hand");
}

TEST(TrendTest, NightsWithAnAnchorOutOfBandDoNotCount) {
  v1::Trend trend = Stepped(v1::TREND_UNIT_SECONDS, 1);
  for (int i = 0; i < 60; ++i) {
    trend.mutable_points(i)->set_value(i >= 30 && i < 35 ? 1.04 + 1e-4 * i : 1 + 1e-4 * (i % 3));
    trend.mutable_points(i)->set_anchor(i >= 30 && i < 35 ? 17e9 : 20e9 + 1e8 * (i % 2));
  }
  JudgeTrend(&trend);
  EXPECT_EQ(trend.change_points_size(), 0);
  EXPECT_EQ(trend.nights(), 55U);
  EXPECT_THAT(trend.points(32).excluded(), StartsWith("anchor out of band: 1.7e+10"));
}

TEST(AnchorTest, ANewNormalIsAcceptedAfterHalfTheNights) {
  std::vector<std::optional<double>> anchors(60, 20e9);
  for (size_t i = 30; i < 60; ++i) anchors[i] = 16e9;
  anchors[10].reset();
  const std::vector<bool> out = AnchorsOutOfBand(anchors);
  EXPECT_FALSE(out[10]);
  EXPECT_FALSE(out[29]);
  for (size_t i = 30; i < 36; ++i) EXPECT_TRUE(out[i]) << i;
  for (size_t i = 37; i < 60; ++i) EXPECT_FALSE(out[i]) << i;
}

TEST(AnchorTest, NoiseIsInBand) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal(0, 0.02);
  std::vector<std::optional<double>> anchors;
  for (int i = 0; i < 1000; ++i) anchors.emplace_back(20e9 * std::exp(normal(random)));
  int out = 0;
  for (const bool one : AnchorsOutOfBand(anchors)) out += one ? 1 : 0;
  EXPECT_LE(out, 10);
}

}  // namespace
}  // namespace quantfleet::analysis
