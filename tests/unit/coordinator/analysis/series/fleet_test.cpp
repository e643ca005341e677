// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/fleet.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/analysis/series/trend.hpp"

namespace quantfleet::analysis {
namespace {

constexpr int64_t kDay = 24 * 3600;

// Forty nights of one arm on a device class; a step of 5 % on the night `at` (-1: none), on which
// the driver becomes `driver` and the engine `engine`.
SeriesHistory History(const std::string& device_class, const std::string& architecture, int at,
                      const std::string& driver = "550", const std::string& engine = "aa") {
  static std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0, 0.003);
  SeriesHistory history;
  history.architecture = architecture;
  history.baseline_arm_id = "base";
  history.trend.set_arm_id("arm");
  history.trend.set_device_class(device_class);
  history.trend.set_unit(v1::TREND_UNIT_LOG_RATIO);
  for (int i = 0; i < 40; ++i) {
    v1::TrendPoint& point = *history.trend.add_points();
    point.mutable_time()->set_seconds(kDay * i);
    point.set_value((at >= 0 && i >= at ? 0.05 : 0) + normal(random));
    history.nights.push_back(
        {"host-" + device_class,
         {{"driver", i >= 20 ? driver : "550"}, {"engine.digest", i >= 20 ? engine : "aa"}}});
  }
  JudgeTrend(&history.trend);
  return history;
}

v1::StepCauseKind CauseOfFirst(std::vector<SeriesHistory> fleet) {
  ClassifySteps(&fleet);
  EXPECT_EQ(fleet[0].trend.change_points_size(), 1);
  return fleet[0].trend.change_points(0).cause().kind();
}

TEST(FleetTest, ClassifiesAcrossTheFleet) {
  EXPECT_EQ(CauseOfFirst({History("4090", "sm_89", 20, "550", "bb"),
                          History("a100", "sm_80", 20, "550", "bb"),
                          History("t4", "sm_75", 20, "550", "bb")}),
            v1::STEP_CAUSE_KIND_CODE);
  EXPECT_EQ(CauseOfFirst({History("4090", "sm_89", 20, "550", "bb"),
                          History("4080", "sm_89", 20, "550", "bb"),
                          History("a100", "sm_80", -1, "550", "bb")}),
            v1::STEP_CAUSE_KIND_ARCHITECTURE);
  EXPECT_EQ(CauseOfFirst({History("4090", "sm_89", 20, "580"), History("a100", "sm_80", -1)}),
            v1::STEP_CAUSE_KIND_DRIVER);
  EXPECT_EQ(CauseOfFirst({History("4090", "sm_89", 20), History("a100", "sm_80", -1)}),
            v1::STEP_CAUSE_KIND_DEVICE);
  EXPECT_EQ(CauseOfFirst({History("4090", "sm_89", 20), History("a100", "sm_80", 30)}),
            v1::STEP_CAUSE_KIND_DEVICE)
      << "ten nights later is another step";
}

TEST(FleetTest, ASeriesAloneHasOnlyItsOwnChanges) {
  EXPECT_EQ(CauseOfFirst({History("4090", "sm_89", 20)}), v1::STEP_CAUSE_KIND_UNSPECIFIED);
  EXPECT_EQ(CauseOfFirst({History("4090", "sm_89", 20, "580")}), v1::STEP_CAUSE_KIND_DRIVER);
  SeriesHistory other = History("a100", "sm_80", 20);
  other.trend.set_arm_id("another arm");
  EXPECT_EQ(CauseOfFirst({History("4090", "sm_89", 20), other}), v1::STEP_CAUSE_KIND_UNSPECIFIED);
}

}  // namespace
}  // namespace quantfleet::analysis
