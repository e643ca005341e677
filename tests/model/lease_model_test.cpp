// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/model/explorer.hpp"

namespace quantfleet::model {
namespace {

using ::testing::HasSubstr;

TEST(LeaseModel, EveryReachableStateKeepsTheInvariantsAndCanStillEnd) {
  const Exploration found = Explore(Broken::kNothing);
  EXPECT_EQ(found.violation, "");
  // A search that hardly moves proves nothing.
  EXPECT_GT(found.states, 10000U);
  std::printf("%zu states, %zu steps\n", found.states, found.steps);
}

TEST(LeaseModel, AReportThatIgnoresTheFenceIsCaught) {
  EXPECT_THAT(Explore(Broken::kReportIgnoresTheEpoch).violation,
              HasSubstr("a result is accepted under a stale epoch"));
}

TEST(LeaseModel, AReportThatIgnoresTheStoredResultIsCaught) {
  EXPECT_THAT(Explore(Broken::kReportIgnoresTheStoredResult).violation,
              HasSubstr("a second result is accepted"));
}

TEST(LeaseModel, AFailureThatIgnoresTheFenceIsCaught) {
  EXPECT_THAT(Explore(Broken::kFailureIgnoresTheEpoch).violation,
              HasSubstr("a failure is accepted under a stale epoch"));
}

TEST(LeaseModel, AClaimThatKeepsTheEpochIsCaught) {
  EXPECT_THAT(Explore(Broken::kClaimKeepsTheEpoch).violation,
              HasSubstr("an epoch is granted twice"));
}

TEST(LeaseModel, ARetryThatKeepsTheEpochIsCaught) {
  EXPECT_THAT(Explore(Broken::kRetryKeepsTheEpoch).violation,
              HasSubstr("a result is accepted under a stale epoch"));
}

TEST(LeaseModel, ALossThatForgetsTheQueueIsCaught) {
  EXPECT_THAT(Explore(Broken::kLossForgetsTheQueue).violation,
              HasSubstr("ready and the queue disagree"));
}

TEST(LeaseModel, APoisonedLastBlockThatLeavesItsMatrixRunningIsCaught) {
  EXPECT_THAT(Explore(Broken::kPoisonForgetsTheMatrix).violation,
              HasSubstr("the matrix and its blocks disagree"));
}

TEST(LeaseModel, LeasesThatNeverExpireAreCaught) {
  EXPECT_THAT(Explore(Broken::kNothingExpires).violation, HasSubstr("a block is stuck"));
}

}  // namespace
}  // namespace quantfleet::model
