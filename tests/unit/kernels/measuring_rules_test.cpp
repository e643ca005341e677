// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/engine/grade.hpp"
#include "kernels/engine/random.hpp"
#include "kernels/engine/statistics.hpp"
#include "kernels/engine/stopping.hpp"

namespace quantfleet::engine {
namespace {

using ::testing::ElementsAre;

TEST(Random, NormalQuantileInvertsTheNormalDistribution) {
  for (double p = 1e-9; p < 1; p = p < 0.1 ? p * 1.7 : p + 0.013) {
    const double z = NormalQuantile(p);
    EXPECT_NEAR(0.5 * std::erfc(-z / std::sqrt(2.0)) / p, 1.0, 1e-12) << p;
    EXPECT_NEAR(NormalQuantile(1 - p), -z, std::abs(z) * 1e-6) << p;
  }
}

TEST(Random, NormalHasItsMoments) {
  constexpr int kCount = 200000;
  double sum = 0, squares = 0, fourth = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    const double z = RandomNormal(42, 1, i);
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
  }
  EXPECT_NEAR(sum / kCount, 0, 0.01);
  EXPECT_NEAR(squares / kCount, 1, 0.015);
  EXPECT_NEAR(fourth / kCount, 3, 0.1);
}

TEST(Random, DependsOnSeedStreamAndIndexOnly) {
  EXPECT_EQ(RandomWord(1, 2, 3), RandomWord(1, 2, 3));
  EXPECT_NE(RandomWord(1, 2, 3), RandomWord(2, 2, 3));
  EXPECT_NE(RandomWord(1, 2, 3), RandomWord(1, 3, 3));
  EXPECT_NE(RandomWord(1, 2, 3), RandomWord(1, 2, 4));
  std::vector<int> counts(7);
  for (uint64_t i = 0; i < 70000; ++i) ++counts[RandomBelow(5, 6, i, 7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);
}

TEST(Statistics, MedianRanksAreTheSignTest) {
  // Tables of the sign test: n = 10 gives the 2nd and 9th at 97.9 %, n = 20 the 6th and 15th at
  // 95.9 %, n = 100 the 40th and 61st at 96.5 %.
  EXPECT_EQ(MedianRanks(10, 0.95), (std::pair<uint32_t, uint32_t>{1, 8}));
  EXPECT_EQ(MedianRanks(20, 0.95), (std::pair<uint32_t, uint32_t>{5, 14}));
  EXPECT_EQ(MedianRanks(100, 0.95), (std::pair<uint32_t, uint32_t>{39, 60}));
  EXPECT_EQ(MedianRanks(3, 0.95), (std::pair<uint32_t, uint32_t>{0, 2}));
  EXPECT_EQ(MedianRanks(1, 0.95), (std::pair<uint32_t, uint32_t>{0, 0}));
  // The normal limit takes over without a jump.
  const auto exact = MedianRanks(500, 0.95);
  const auto limit = MedianRanks(501, 0.95);
  EXPECT_LE(std::abs(static_cast<int>(exact.first) - static_cast<int>(limit.first)), 1);
}

TEST(Statistics, IntervalCoversTheMedianAsOftenAsItSays) {
  int covered = 0;
  constexpr int kTrials = 2000;
  for (uint32_t trial = 0; trial < kTrials; ++trial) {
    std::vector<double> samples;
    for (uint64_t i = 0; i < 31; ++i) samples.push_back(10 + RandomNormal(trial, 7, i));
    const Summary summary = Summarize(samples, 0.95);
    covered += summary.median_low_seconds <= 10 && summary.median_high_seconds >= 10 ? 1 : 0;
  }
  EXPECT_GE(covered, kTrials * 94 / 100);
}

TEST(Statistics, SummaryOfAKnownSample) {
  const Summary summary = Summarize({5, 1, 4, 2, 3}, 0.95);
  EXPECT_EQ(summary.samples, 5U);
  EXPECT_EQ(summary.median_seconds, 3);
  EXPECT_EQ(summary.first_quartile_seconds, 2);
  EXPECT_EQ(summary.third_quartile_seconds, 4);
  EXPECT_EQ(summary.median_absolute_deviation_seconds, 1);
  EXPECT_EQ(summary.min_seconds, 1);
  EXPECT_EQ(summary.max_seconds, 5);
  EXPECT_EQ(Summarize({}, 0.95).samples, 0U);
  EXPECT_TRUE(std::isinf(RelativeInterval(Summarize({}, 0.95))));
}

TEST(Statistics, FindsTwoHeapsAndOnlyThose) {
  std::vector<double> one, two, tail;
  for (uint64_t i = 0; i < 400; ++i) {
    const double noise = 0.01 * RandomNormal(1, 1, i);
    one.push_back(1 + noise);
    two.push_back((i % 3 == 0 ? 1.3 : 1.0) + noise);
    tail.push_back(1 + 0.05 * std::exp(RandomNormal(1, 2, i)));
  }
  EXPECT_FALSE(LooksMultimodal(one));
  EXPECT_TRUE(LooksMultimodal(two));
  EXPECT_FALSE(LooksMultimodal(tail));
  two.resize(20);
  EXPECT_FALSE(LooksMultimodal(two));
}

MeasurePolicy Policy() {
  return {.relative_interval = 0.01,
          .confidence = 0.95,
          .max_seconds = 10,
          .min_seconds = 1,
          .min_samples = 20,
          .min_rounds = 3,
          .max_rounds = 50};
}

TEST(StopRule, ReachesTheIntervalOnlyAfterTheMinima) {
  StopRule rule(Policy());
  const std::vector<double> tight(100, 0.1);
  EXPECT_EQ(rule.Judge(tight, 5), StopReason::kUnspecified);  // Rounds are missing.
  EXPECT_EQ(rule.Judge(tight, 5), StopReason::kUnspecified);
  EXPECT_EQ(rule.Judge(tight, 5), StopReason::kIntervalReached);
  StopRule few(Policy());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(few.Judge(std::vector<double>(19, 0.1), 5), StopReason::kUnspecified);
  }
  StopRule quick(Policy());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(quick.Judge(tight, 0.9), StopReason::kUnspecified);
}

std::vector<double> Wide(size_t count) {
  std::vector<double> samples;
  for (size_t i = 0; i < count; ++i) samples.push_back(i % 2 == 0 ? 1.0 : 2.0);
  return samples;
}

TEST(StopRule, GivesUpWhenTheNoiseIsStableAndTimeWouldNotSuffice) {
  StopRule rule(Policy());
  StopReason reason = StopReason::kUnspecified;
  int rounds = 0;
  while (reason == StopReason::kUnspecified) reason = rule.Judge(Wide(100), 2), ++rounds;
  EXPECT_EQ(reason, StopReason::kNoiseStable);
  EXPECT_EQ(rounds, 8);
}

TEST(StopRule, EndsAtTheCaps) {
  StopRule time(Policy());
  EXPECT_EQ(time.Judge(Wide(100), 11), StopReason::kUnspecified);  // min_rounds come first.
  EXPECT_EQ(time.Judge(Wide(100), 11), StopReason::kUnspecified);
  EXPECT_EQ(time.Judge(Wide(100), 11), StopReason::kTimeCap);
  MeasurePolicy short_policy = Policy();
  short_policy.max_rounds = 4;
  StopRule rounds(short_policy);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rounds.Judge(Wide(5), 0.1), StopReason::kUnspecified);
  EXPECT_EQ(rounds.Judge(Wide(5), 0.1), StopReason::kRoundCap);
}

TEST(StopRule, SpreadsTheMinimaOverTheRounds) {
  MeasurePolicy policy = Policy();
  policy.min_rounds = 10;
  policy.min_seconds = 0.1;
  EXPECT_EQ(SamplesPerVisit(policy, 0.001), 10U);
  EXPECT_EQ(SamplesPerVisit(policy, 1.0), 2U);  // 20 samples over 10 rounds.
  policy.min_samples = 0;
  EXPECT_EQ(SamplesPerVisit(policy, 1.0), 1U);
  EXPECT_EQ(SamplesPerVisit(policy, 1e-9), 10000U);
}

Measurement Measured(size_t samples) {
  Measurement m;
  m.rounds = {{0, 0, std::vector<double>(samples, 1.0)}};
  m.summary = Summarize(m.rounds[0].seconds, 0.95);
  m.stop_reason = StopReason::kIntervalReached;
  return m;
}

TEST(Grade, CountsItsReasons) {
  ArmSpec spec;
  spec.cache = "cold";
  Measurement m = Measured(50);
  GradeMeasurement(spec, {}, &m);
  EXPECT_EQ(m.grade, Grade::kA);
  EXPECT_TRUE(m.grade_reasons.empty());
  m.stop_reason = StopReason::kTimeCap;
  GradeMeasurement(spec, {}, &m);
  EXPECT_EQ(m.grade, Grade::kB);
  spec.cache = "warm";
  GradeMeasurement(spec, {.slowest_clock = 0.8, .fastest_clock = 1}, &m);
  EXPECT_EQ(m.grade, Grade::kC);
  EXPECT_THAT(m.grade_reasons, ElementsAre("clock_spread", "time_cap", "warm_cache"));
  GradeMeasurement(spec, {.throttled = true}, &m);
  EXPECT_EQ(m.grade, Grade::kD);
  EXPECT_THAT(m.grade_reasons, ElementsAre("throttled", "time_cap", "warm_cache"));
  m = Measured(50);
  GradeMeasurement({}, {.host_busy = 0.3}, &m);
  EXPECT_EQ(m.grade, Grade::kB);
  GradeMeasurement({}, {.host_busy = 0.7}, &m);
  EXPECT_EQ(m.grade, Grade::kD);
  m = Measured(5);
  GradeMeasurement({}, {}, &m);
  EXPECT_THAT(m.grade_reasons, ElementsAre("few_samples"));
  m = Measured(0);
  GradeMeasurement({}, {}, &m);
  EXPECT_EQ(m.grade, Grade::kF);
}

}  // namespace
}  // namespace quantfleet::engine
