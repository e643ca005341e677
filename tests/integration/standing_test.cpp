// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Why a block is not running: every cause, from what really brings it about.
#include "coordinator/postgres/blocks/standing.hpp"

#include <string>

#include <gmock/gmock.h>

#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HelloOf;
using testing::Open;
using testing::ResultOf;
using testing::Scalar;
using testing::SubmissionOf;
using testing::SyncIdle;

class StandingTest : public ::testing::Test {
 protected:
  // A matrix for CPUs with at least `threads` threads.
  std::string Submit(int blocks, double threads = 0) {
    auto submission = SubmissionOf("request-" + std::to_string(++submissions_), blocks);
    for (auto& planned : submission.blocks) {
      if (threads > 0) planned.requirement.conditions["threads"].at_least = threads;
    }
    const auto outcome = SubmitMatrix(db_, submission);
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    return outcome->matrix.matrix_id();
  }
  v1::ExplainBlocksResponse Ask(const std::string& id) {
    v1::ExplainBlocksRequest request;
    request.set_id(id);
    auto response = ExplainBlocks(db_, request);
    EXPECT_TRUE(response.ok()) << response.status().ToString();
    return response.ok() ? *std::move(response) : v1::ExplainBlocksResponse();
  }
  v1::Standing AskOne(const std::string& id) {
    const auto response = Ask(id);
    EXPECT_EQ(response.standings_size(), 1);
    return response.standings_size() == 1 ? response.standings(0) : v1::Standing();
  }
  void Fail(const v1::Grant& grant, const LeasePolicy& policy) {
    v1::BlockFailure failure;
    failure.set_block_id(grant.block().block_id());
    failure.set_epoch(grant.epoch());
    failure.set_reason("no engine");
    EXPECT_EQ(StoreFailure(db_, failure, policy)->disposition(), v1::DISPOSITION_ACCEPTED);
  }

  Connection db_{testing::NewDatabase()};
  int submissions_ = 0;
};

TEST_F(StandingTest, NobodyIsConnected) {
  const v1::Standing standing = AskOne(Submit(3));
  EXPECT_EQ(standing.cause(), v1::STANDING_CAUSE_NO_DEVICE);
  EXPECT_EQ(standing.blocks(), 3U);
}

TEST_F(StandingTest, NoDeviceMatchesAndEachSaysWhatItLacks) {
  Open(db_, HelloOf("small", "host-1", 2));
  Open(db_, HelloOf("large", "host-2", 4));
  const v1::Standing standing = AskOne(Submit(1, 8));
  EXPECT_EQ(standing.cause(), v1::STANDING_CAUSE_NO_MATCH);
  EXPECT_THAT(standing.details(),
              ElementsAre("small on cpu/test/2t: threads is 2, at least 8 is asked for",
                          "large on cpu/test/4t: threads is 4, at least 8 is asked for"));
}

TEST_F(StandingTest, WhoMatchesIsDrainedOrUnwilling) {
  const std::string session = Open(db_, HelloOf("full", "host-1"));
  Open(db_, HelloOf("drained", "host-2"));
  ASSERT_TRUE(DrainAgent(db_, "drained", true).ok());
  v1::SyncRequest request;
  request.set_session_id(session);
  request.set_not_leasing_reason("the disk is full");
  ASSERT_TRUE(SyncSession(db_, request, {}).ok());
  const v1::Standing standing = AskOne(Submit(1));
  EXPECT_EQ(standing.cause(), v1::STANDING_CAUSE_RELUCTANT);
  EXPECT_THAT(standing.details(),
              ElementsAre("drained on cpu/test/2t is drained",
                          "full on cpu/test/2t takes no block: the disk is full"));
}

TEST_F(StandingTest, AllAreBusyAndTheRunningOneSaysWhere) {
  const std::string id = Submit(3);
  const std::string session = Open(db_, HelloOf("a", "host-1", 2));
  Open(db_, HelloOf("b", "host-1", 4));
  const v1::Grant grant = SyncIdle(db_, session)->start();
  const auto response = Ask(id);
  ASSERT_EQ(response.standings_size(), 2);
  EXPECT_EQ(response.standings(0).cause(), v1::STANDING_CAUSE_RUNNING);
  EXPECT_THAT(response.standings(0).reason(), HasSubstr("a on cpu/test/2t runs it: just granted"));
  const v1::Standing& waiting = response.standings(1);
  EXPECT_EQ(waiting.cause(), v1::STANDING_CAUSE_BUSY);
  EXPECT_EQ(waiting.blocks(), 2U);
  const std::string block = " block " + grant.block().block_id() + " of " + id + ", 0 %";
  EXPECT_THAT(waiting.details(), ElementsAre("a on cpu/test/2t runs" + block,
                                             "b on cpu/test/4t its host runs" + block));
}

TEST_F(StandingTest, AFreeDeviceServesThoseBeforeItFirst) {
  Submit(5);
  const std::string id = Submit(2);
  Open(db_, HelloOf("a"));
  const v1::Standing standing = AskOne(id);
  EXPECT_EQ(standing.cause(), v1::STANDING_CAUSE_QUEUED);
  EXPECT_EQ(standing.blocks_ahead(), 5U);
  EXPECT_EQ(standing.reason(), "a device is free; queued before it: 5");
}

TEST_F(StandingTest, AFailedBlockWaitsAndIsThenGivenUp) {
  const std::string id = Submit(1);
  const std::string session = Open(db_, HelloOf("a"));
  LeasePolicy slow;
  slow.retry_seconds = 1000;
  Fail(SyncIdle(db_, session)->start(), slow);
  const v1::Standing waiting = AskOne(id);
  EXPECT_EQ(waiting.cause(), v1::STANDING_CAUSE_RETRY);
  EXPECT_NEAR(waiting.wait_seconds(), 1000, 60);
  EXPECT_THAT(waiting.reason(), HasSubstr("after failure 1: no engine"));
  EXPECT_THAT(waiting.details(), ElementsAre("attempt 1, a on cpu/test/2t: failed, no engine"));
  Scalar(db_, "UPDATE ready SET not_before = clock_timestamp() RETURNING 1");
  EXPECT_EQ(AskOne(id).cause(), v1::STANDING_CAUSE_RELUCTANT);
  EXPECT_THAT(AskOne(id).details(), ElementsAre("a on cpu/test/2t failed it: others come first"));
  Scalar(db_, "UPDATE ready SET not_before = clock_timestamp() - interval '10 s' RETURNING 1");
  Fail(SyncIdle(db_, session)->start(), testing::AtOnce(2));
  const v1::Standing over = AskOne(waiting.block_id());
  EXPECT_EQ(over.cause(), v1::STANDING_CAUSE_FAILED);
  EXPECT_EQ(over.reason(), "given up: no engine");
  EXPECT_EQ(over.details_size(), 2);
}

TEST_F(StandingTest, APoisonedBlockNamesWhoDied) {
  const std::string id = Submit(1);
  for (int number = 1; number <= 3; ++number) {
    const std::string text = std::to_string(number);
    const std::string session = Open(db_, HelloOf("agent-" + text, "host-" + text));
    ASSERT_TRUE(SyncIdle(db_, session)->has_start());
    Scalar(db_, "UPDATE lease SET expire_time = clock_timestamp() - interval '1 s' RETURNING 1");
    ASSERT_EQ(*ExpireLeases(db_, 10), 1);
  }
  const v1::Standing standing = AskOne(id);
  EXPECT_EQ(standing.cause(), v1::STANDING_CAUSE_POISON);
  EXPECT_THAT(standing.reason(), HasSubstr("given up: poison: 3 sessions were lost"));
  EXPECT_THAT(standing.details(0), HasSubstr("attempt 3, agent-3 on cpu/test/2t: lost"));
}

TEST_F(StandingTest, DoneAndCancelledSaySo) {
  const std::string id = Submit(2);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::Grant grant = SyncIdle(db_, session)->start();
  ASSERT_TRUE(StoreResult(db_, session, ResultOf(grant.block(), grant.epoch())).ok());
  EXPECT_EQ(AskOne(grant.block().block_id()).cause(), v1::STANDING_CAUSE_DONE);
  ASSERT_TRUE(CancelMatrix(db_, id).ok());
  EXPECT_EQ(AskOne(id).cause(), v1::STANDING_CAUSE_CANCELLED);
}

TEST_F(StandingTest, AnUnknownIdIsNotFound) {
  for (const char* id : {"mtx_none", "4711", "", "-1", "99999999999999999999"}) {
    v1::ExplainBlocksRequest request;
    request.set_id(id);
    EXPECT_EQ(ExplainBlocks(db_, request).status().code(), StatusCode::kNotFound) << id;
  }
}

}  // namespace
}  // namespace quantfleet::postgres
