// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
// Truth tests of change points, by the code of `quantfleet trend --file`: series whose steps are
// known, judged anew every night, beside the rules of others (benchmarks/trend).
#include <string>

#include <gtest/gtest.h>

#include "benchmarks/trend/detector.hpp"

namespace quantfleet::analysis {
namespace {

constexpr double kNoise = 0.01;

void ExpectTruth(const bench::Method& method, const bench::NightNoise& noise) {
  const double effect = 1.96 * noise.night;
  const auto record = bench::Try(method, noise, effect, 2 * effect, 40, 365, 200);
  EXPECT_GE(record.recall, 0.9);
  EXPECT_LT(record.false_alarms_per_1000_nights, 1);
  ::testing::Test::RecordProperty("recall", std::to_string(record.recall));
  ::testing::Test::RecordProperty("false_alarms",
                                  std::to_string(record.false_alarms_per_1000_nights));
}

class TrendTruthTest : public ::testing::TestWithParam<bench::NightNoise> {};

TEST_P(TrendTruthTest, FindsStepsAndRaisesFewFalseAlarms) {
  ExpectTruth(bench::Methods()[0], GetParam());
}

INSTANTIATE_TEST_SUITE_P(Noises, TrendTruthTest,
                         ::testing::Values(bench::NightNoise{"quiet", 0.002},
                                           bench::NightNoise{"normal", kNoise},
                                           bench::NightNoise{"loud", 0.05},
                                           bench::NightNoise{"correlated", kNoise, 0.005, 0.3},
                                           bench::NightNoise{"disturbed", kNoise, 0.005, 0, 0.05}),
                         [](const auto& noise) { return noise.param.name; });

TEST(TrendTruth, KnowingTheEffectDoesNoHarm) {
  ExpectTruth(bench::Methods()[1], {"normal", kNoise});
}

TEST(TrendTruth, RulesOfOthersMissOrCryWolf) {
  const auto record = [](size_t method, double noise) {
    const bench::NightNoise normal{"normal", noise};
    return bench::Try(bench::Methods()[method], normal, 1.96 * noise, 2 * 1.96 * noise, 10, 365,
                      100);
  };
  EXPECT_LT(record(2, 0.01).recall, 0.2) << "7 % does not see 4 %";
  EXPECT_GT(record(2, 0.04).false_alarms_per_1000_nights, 10);
  EXPECT_GT(record(3, 0.01).false_alarms_per_1000_nights, 10) << "samples of a night are no nights";
  EXPECT_LT(record(4, 0.01).recall, 0.2);
  EXPECT_GT(record(4, 0.04).false_alarms_per_1000_nights, 5);
}

}  // namespace
}  // namespace quantfleet::analysis
