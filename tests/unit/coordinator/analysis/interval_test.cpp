// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/interval.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace quantfleet::analysis {
namespace {

constexpr int kSimulations = 2000;

// Share of intervals that hold the true mean of zero.
double Coverage(size_t rounds, const std::function<double(std::mt19937_64*)>& draw) {
  std::mt19937_64 random(rounds);
  int covered = 0;
  for (uint64_t simulation = 0; simulation < kSimulations; ++simulation) {
    std::vector<double> values(rounds);
    for (double& value : values) value = draw(&random);
    const Interval interval = MeanInterval(values, 0.95, simulation);
    covered += interval.low <= 0 && interval.high >= 0 ? 1 : 0;
  }
  return static_cast<double>(covered) / kSimulations;
}

double Normal(std::mt19937_64* random) {
  return std::normal_distribution<double>(0, 0.02)(*random);
}
// One value in ten is five times as wide: a machine that is disturbed now and then.
double HeavyTailed(std::mt19937_64* random) {
  const double scale = std::uniform_real_distribution<double>()(*random) < 0.1 ? 5 : 1;
  return scale * Normal(random);
}
double Skewed(std::mt19937_64* random) {
  return 0.02 * (std::exponential_distribution<double>(1)(*random) - 1);
}

TEST(IntervalTest, CoversNormalNoise) {
  for (const size_t rounds : {3U, 5U, 8U, 10U, 12U, 16U, 20U}) {
    const double coverage = Coverage(rounds, Normal);
    RecordProperty("coverage_" + std::to_string(rounds), std::to_string(coverage));
    EXPECT_GE(coverage, 0.93) << rounds << " rounds";
    EXPECT_LE(coverage, 0.97) << rounds << " rounds";
  }
}

TEST(IntervalTest, CoversHeavyTails) {
  for (const size_t rounds : {8U, 12U, 20U}) {
    const double coverage = Coverage(rounds, HeavyTailed);
    EXPECT_GE(coverage, 0.94) << rounds << " rounds";
    EXPECT_LE(coverage, 0.985) << rounds << " rounds";
  }
}

TEST(IntervalTest, CoversSkewedNoise) {
  for (const size_t rounds : {8U, 12U, 20U}) {
    const double coverage = Coverage(rounds, Skewed);
    EXPECT_GE(coverage, 0.925) << rounds << " rounds";
    EXPECT_LE(coverage, 0.97) << rounds << " rounds";
  }
}

TEST(IntervalTest, KnownStudentInterval) {
  // Mean 2, deviation 1, t(0.975, 2 degrees of freedom) = 4.302653.
  const Interval interval = MeanInterval(std::vector<double>{1, 2, 3}, 0.95, 1);
  EXPECT_DOUBLE_EQ(interval.estimate, 2);
  EXPECT_NEAR(interval.high, 2 + 4.302653 / std::sqrt(3.0), 1e-6);
  EXPECT_NEAR(interval.low, 2 - 4.302653 / std::sqrt(3.0), 1e-6);
}

TEST(IntervalTest, EqualSeedsGiveEqualEnds) {
  std::mt19937_64 random(4);
  std::vector<double> values(12);
  for (double& value : values) value = Skewed(&random);
  const Interval one = MeanInterval(values, 0.95, 7);
  const Interval again = MeanInterval(values, 0.95, 7);
  const Interval other = MeanInterval(values, 0.95, 8);
  EXPECT_EQ(one.low, again.low);
  EXPECT_EQ(one.high, again.high);
  EXPECT_NE(one.high - one.low, other.high - other.low);
  EXPECT_NEAR(one.high, other.high, 0.1 * (one.high - one.low));
}

TEST(IntervalTest, EqualValuesHaveNoWidth) {
  const Interval interval = MeanInterval(std::vector<double>(10, 0.25), 0.95, 1);
  EXPECT_DOUBLE_EQ(interval.low, 0.25);
  EXPECT_DOUBLE_EQ(interval.high, 0.25);
}

TEST(IntervalTest, ManyEqualValuesStillHaveEnds) {
  std::vector<double> values(10, 0.0);
  values.back() = 0.1;
  const Interval interval = MeanInterval(values, 0.95, 1);
  EXPECT_TRUE(std::isfinite(interval.low) && std::isfinite(interval.high));
  EXPECT_LT(interval.low, 0.01);
  EXPECT_GT(interval.high, 0.01);
}

TEST(IntervalTest, HigherConfidenceIsWider) {
  std::mt19937_64 random(5);
  std::vector<double> values(10);
  for (double& value : values) value = Normal(&random);
  const Interval narrow = MeanInterval(values, 0.8, 1);
  const Interval wide = MeanInterval(values, 0.99, 1);
  EXPECT_LT(wide.low, narrow.low);
  EXPECT_GT(wide.high, narrow.high);
}

}  // namespace
}  // namespace quantfleet::analysis
