// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/gate.hpp"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantfleet::analysis {
namespace {

using ::testing::HasSubstr;

// Thirty nights whose levels change on the nights of `changes`: place, before, after.
struct Change {
  uint32_t index;
  double before, after;
};
v1::Trend TrendOf(const std::vector<Change>& changes, v1::TrendUnit unit = v1::TREND_UNIT_RATIO) {
  v1::Trend trend;
  trend.set_series("nightly/1");
  trend.set_unit(unit);
  trend.set_nights(30);
  for (const Change& change : changes) {
    v1::ChangePoint* point = trend.add_change_points();
    point->set_index(change.index);
    point->set_before(change.before);
    point->set_after(change.after);
  }
  return trend;
}

TEST(GateTest, NewestLevelAgainstTheOneAtItsStart) {
  const v1::Trend trend = TrendOf({{10, 1.0, 1.1}, {20, 1.1, 1.05}});
  EXPECT_NEAR(GateOf(trend, 0, 0.03)->slowdown(), 0.05, 1e-12);
  EXPECT_EQ(GateOf(trend, 0, 0.03)->verdict(), v1::GATE_VERDICT_FAILED);
  EXPECT_EQ(GateOf(trend, 0, 0.06)->verdict(), v1::GATE_VERDICT_PASSED);
  EXPECT_NEAR(GateOf(trend, 9, 0)->slowdown(), 0.05, 1e-12) << "the night before the change";
  EXPECT_LT(GateOf(trend, 10, 0)->slowdown(), 0) << "the change itself is no longer since";
  EXPECT_EQ(GateOf(trend, 10, 0)->verdict(), v1::GATE_VERDICT_PASSED);
  EXPECT_EQ(GateOf(trend, 20, 0)->slowdown(), 0);
  EXPECT_THAT(GateOf(trend, 20, 0)->reason(), HasSubstr("no change"));
}

TEST(GateTest, LogarithmsAreTakenAsSuch) {
  const v1::Trend trend = TrendOf({{10, -0.7, -0.6}}, v1::TREND_UNIT_LOG_RATIO);
  EXPECT_NEAR(GateOf(trend, 0, 0)->slowdown(), std::expm1(0.1), 1e-12);
  EXPECT_EQ(GateOf(TrendOf({{10, -0.7, -0.6}}), 0, 0).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(GateTest, TooFewNightsPassNothing) {
  v1::Trend trend = TrendOf({});
  trend.set_nights(5);
  const auto one = GateOf(trend, 0, 0.03);
  EXPECT_EQ(one->verdict(), v1::GATE_VERDICT_TOO_FEW_NIGHTS);
  EXPECT_FALSE(ReportOf(std::vector{*one}, 0.03).passed());
  const auto good = GateOf(TrendOf({}), 0, 0.03);
  EXPECT_TRUE(ReportOf(std::vector{*one, *good}, 0.03).passed());
  const auto bad = GateOf(TrendOf({{10, 1, 2}}), 0, 0.03);
  EXPECT_FALSE(ReportOf(std::vector{*good, *bad}, 0.03).passed());
  EXPECT_FALSE(ReportOf({}, 0.03).passed());
}

}  // namespace
}  // namespace quantfleet::analysis
