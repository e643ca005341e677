// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/quarantine.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantfleet::scheduler {
namespace {

using ::testing::ElementsAre;

const QuarantinePolicy kPolicy;

Conduct Fail(Conduct conduct, int64_t block, double now, Mishap mishap = Mishap::kBlockFailed) {
  return AfterMishap(std::move(conduct), kPolicy, mishap, block, now);
}

TEST(QuarantineTest, AnUnknownOneGetsWhatItWants) {
  EXPECT_EQ(Conduct().free_time, 0);
  EXPECT_EQ(MostBlocks({}, 0, 4), 4);
  EXPECT_EQ(MostBlocks({}, 7, 4), 4);
  EXPECT_EQ(MostBlocks({}, 0, -1), 0);
}

TEST(QuarantineTest, OneBadBlockIsTheBlocksFault) {
  Conduct conduct;
  for (int i = 0; i < 10; ++i) conduct = Fail(conduct, 5, i);
  EXPECT_THAT(conduct.suspects, ElementsAre(5));
  EXPECT_EQ(conduct.free_time, 0);
  EXPECT_EQ(MostBlocks(conduct, 0, 2), 2);
}

TEST(QuarantineTest, ThreeDifferentBlocksInARowAreTheAgentsFault) {
  Conduct conduct = Fail(Fail({}, 1, 0), 2, 1, Mishap::kBlockLost);
  EXPECT_EQ(conduct.strikes, 0);
  conduct = Fail(conduct, 3, 2);
  EXPECT_EQ(conduct.strikes, 1);
  EXPECT_EQ(conduct.free_time, 2 + kPolicy.first_seconds);
  EXPECT_EQ(MostBlocks(conduct, 0, 2), 1);
}

TEST(QuarantineTest, AnAgentThatSaysItCannotIsBelievedAtOnce) {
  const Conduct conduct = Fail({}, 1, 50, Mishap::kAgentFailed);
  EXPECT_EQ(conduct.free_time, 60);
  EXPECT_EQ(MostBlocks(conduct, 0, 2), 1);
}

TEST(QuarantineTest, OneCanaryAtATime) {
  const Conduct conduct = Fail({}, 1, 0, Mishap::kAgentFailed);
  EXPECT_EQ(MostBlocks(conduct, 0, 8), 1);
  EXPECT_EQ(MostBlocks(conduct, 1, 8), 0);
  EXPECT_EQ(MostBlocks(conduct, 0, 0), 0);
}

TEST(QuarantineTest, EachFailedCanaryDoublesTheWaitUpToAnHour) {
  Conduct conduct = Fail({}, 1, 0, Mishap::kAgentFailed);
  double now = conduct.free_time;
  double length = kPolicy.first_seconds;
  for (int i = 0; i < 100; ++i) {
    conduct = Fail(conduct, 1, now);
    length = std::min(2 * length, kPolicy.most_seconds);
    EXPECT_DOUBLE_EQ(conduct.free_time - now, length);
    now = conduct.free_time;
  }
  EXPECT_EQ(length, kPolicy.most_seconds);
}

TEST(QuarantineTest, WhatWasGivenBeforeItBeganDoesNotProlongIt) {
  const Conduct conduct = Fail({}, 1, 0, Mishap::kAgentFailed);
  EXPECT_EQ(Fail(conduct, 2, 1, Mishap::kAgentFailed).free_time, conduct.free_time);
  EXPECT_EQ(Fail(conduct, 3, 2).strikes, 1);
}

// Whatever happens, it is never left out for ever, and what is kept of it stays small.
TEST(QuarantineTest, NeverForEverAndNeverMuch) {
  std::mt19937 random(1);
  Conduct conduct;
  double now = 0;
  for (int i = 0; i < 10000; ++i) {
    now += std::uniform_real_distribution<double>(0, 400)(random);
    if (random() % 5 == 0) {
      conduct = {};
    } else {
      conduct =
          Fail(conduct, static_cast<int64_t>(random() % 6), now, static_cast<Mishap>(random() % 3));
    }
    EXPECT_LT(conduct.suspects.size(), 3U);
    EXPECT_LE(conduct.free_time, now + kPolicy.most_seconds);
    EXPECT_GE(MostBlocks(conduct, 0, 1), 1);
  }
}

}  // namespace
}  // namespace quantfleet::scheduler
