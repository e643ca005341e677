// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/step_cause.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantfleet::analysis {
namespace {

using ::testing::HasSubstr;
using Values = std::map<std::string, std::string>;

// Two hosts with a 4090 each, one with two A100, one Colab T4.
std::vector<FleetSeries> Fleet() {
  const Values same = {{"driver", "550"}, {"engine.digest", "aa"}, {"gpu.power.limit", "450"}};
  std::vector<FleetSeries> fleet;
  for (const auto& [device, architecture, host] :
       {std::tuple("cuda/rtx-4090", "sm_89", "ada"), std::tuple("cuda/rtx-4090", "sm_89", "bob"),
        std::tuple("cuda/a100", "sm_80", "cleo"), std::tuple("cuda/a100-40", "sm_80", "cleo"),
        std::tuple("cuda/t4", "sm_75", "colab")}) {
    fleet.push_back({device, architecture, host, false, same, same});
  }
  return fleet;
}

v1::StepCause StepOn(std::vector<FleetSeries> fleet, const std::vector<size_t>& places) {
  for (const size_t place : places) fleet[place].stepped = true;
  return CauseOfStep(fleet);
}

TEST(StepCauseTest, OnAllDevicesItIsTheCode) {
  auto fleet = Fleet();
  for (auto& series : fleet) series.after["engine.digest"] = "bb";
  const auto cause = StepOn(fleet, {0, 1, 2, 3, 4});
  EXPECT_EQ(cause.kind(), v1::STEP_CAUSE_KIND_CODE);
  EXPECT_THAT(cause.reason(), HasSubstr("engine.digest aa -> bb"));
  for (auto& series : fleet) series.before = series.after = {};
  EXPECT_EQ(StepOn(fleet, {0, 1, 2, 3, 4}).kind(), v1::STEP_CAUSE_KIND_CODE)
      << "without fingerprints the place alone says so";
}

TEST(StepCauseTest, AnEngineThatStayedTheSameIsNotToBlame) {
  EXPECT_EQ(StepOn(Fleet(), {0, 1, 2, 3, 4}).kind(), v1::STEP_CAUSE_KIND_UNCLEAR);
}

TEST(StepCauseTest, OnOneArchitectureItIsTheDispatch) {
  auto fleet = Fleet();
  for (auto& series : fleet) series.after["engine.digest"] = "bb";
  const auto cause = StepOn(fleet, {0, 1});
  EXPECT_EQ(cause.kind(), v1::STEP_CAUSE_KIND_ARCHITECTURE);
  EXPECT_THAT(cause.reason(), HasSubstr("2 of 5 series stepped: all devices of sm_89"));
  EXPECT_NE(StepOn(fleet, {0, 4}).kind(), v1::STEP_CAUSE_KIND_ARCHITECTURE);
}

TEST(StepCauseTest, WhereTheDriverChangedItIsTheDriver) {
  auto fleet = Fleet();
  fleet[1].after["driver"] = "580";
  EXPECT_EQ(StepOn(fleet, {1}).kind(), v1::STEP_CAUSE_KIND_DRIVER);
  fleet[4].after["driver"] = "580";
  EXPECT_EQ(StepOn(fleet, {1, 4}).kind(), v1::STEP_CAUSE_KIND_DRIVER);
  EXPECT_NE(StepOn(fleet, {1}).kind(), v1::STEP_CAUSE_KIND_DRIVER)
      << "the other one with the new driver did not step";
}

TEST(StepCauseTest, OnOneHostItIsTheHost) {
  auto fleet = Fleet();
  fleet[2].architecture = "sm_86";  // so that the host has two architectures
  EXPECT_EQ(StepOn(fleet, {2, 3}).kind(), v1::STEP_CAUSE_KIND_HOST);
  fleet[4].after["gpu.power.limit"] = "60";
  const auto cause = StepOn(fleet, {4});
  EXPECT_EQ(cause.kind(), v1::STEP_CAUSE_KIND_HOST);
  EXPECT_THAT(cause.reason(), HasSubstr("gpu.power.limit 450 -> 60"));
}

TEST(StepCauseTest, OnOneDeviceAloneItIsTheDevice) {
  auto fleet = Fleet();
  fleet[0].after["gpu.now.clock.sm_mhz"] = "900";
  const auto cause = StepOn(fleet, {0});
  EXPECT_EQ(cause.kind(), v1::STEP_CAUSE_KIND_DEVICE);
  EXPECT_THAT(cause.reason(), HasSubstr("cuda/rtx-4090 on ada"));
}

TEST(StepCauseTest, WhatFitsNothingIsUnclear) {
  EXPECT_EQ(StepOn(Fleet(), {0, 2}).kind(), v1::STEP_CAUSE_KIND_UNCLEAR);
  auto fleet = Fleet();
  fleet[0].after["driver"] = fleet[0].after["engine.digest"] = "new";
  EXPECT_EQ(StepOn(fleet, {0}).kind(), v1::STEP_CAUSE_KIND_UNCLEAR);
}

TEST(StepCauseTest, WithoutAStepThereIsNone) {
  EXPECT_EQ(StepOn(Fleet(), {}).kind(), v1::STEP_CAUSE_KIND_UNSPECIFIED);
}

}  // namespace
}  // namespace quantfleet::analysis
