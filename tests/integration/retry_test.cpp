// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What each way to lose a block costs it.
#include <string>

#include <gmock/gmock.h>

#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using testing::Contradictions;
using ::testing::HasSubstr;
using testing::HelloOf;
using testing::Open;
using testing::ResultOf;
using testing::Scalar;
using testing::SubmissionOf;
using testing::SyncIdle;

class RetryTest : public ::testing::Test {
 protected:
  std::string Submit(int blocks) {
    const auto outcome = SubmitMatrix(db_, SubmissionOf("request", blocks));
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    return outcome->matrix.matrix_id();
  }
  // A grant to a fresh session of agent `number`, on a host of its own.
  v1::Grant TakeAs(int number) {
    const std::string text = std::to_string(number);
    session_ = Open(db_, HelloOf("agent-" + text, "host-" + text));
    return SyncIdle(db_, session_)->start();
  }
  void Expire() {
    Scalar(db_, "UPDATE lease SET expire_time = clock_timestamp() - interval '1 s' RETURNING 1");
    EXPECT_EQ(*ExpireLeases(db_, 10), 1);
  }
  std::string Block(const std::string& column) {
    return Scalar(db_, "SELECT " + column + " FROM block ORDER BY block_id LIMIT 1");
  }

  Connection db_{testing::NewDatabase()};
  std::string session_;
};

TEST_F(RetryTest, ABlockThatLosesThreeSessionsIsPoisonAndTheMatrixEndsWithItsReason) {
  const std::string id = Submit(2);
  v1::Grant grant;
  for (int number = 1; number <= 3; ++number) {
    EXPECT_EQ(Block("state"), "ready");
    grant = TakeAs(number);
    EXPECT_EQ(grant.block().ordinal(), 0U);
    Expire();
  }
  EXPECT_EQ(Block("state"), "failed");
  EXPECT_EQ(Block("reason"),
            "poison: 3 sessions were lost while they ran it (agent-3 on cpu/test/2t, agent-2 on "
            "cpu/test/2t, agent-1 on cpu/test/2t); the last: the lease ran out");
  EXPECT_EQ(Contradictions(db_), "");
  EXPECT_EQ(GetMatrix(db_, id)->state(), v1::MATRIX_STATE_RUNNING) << "the other block is left";
  const v1::Grant other = TakeAs(4);
  EXPECT_EQ(other.block().ordinal(), 1U);
  ASSERT_EQ(StoreResult(db_, session_, ResultOf(other.block(), other.epoch()))->disposition(),
            v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(GetMatrix(db_, id)->state(), v1::MATRIX_STATE_FAILED);
  const auto late = StoreResult(db_, session_, ResultOf(grant.block(), grant.epoch()));
  EXPECT_EQ(late->disposition(), v1::DISPOSITION_SUPERSEDED);
  EXPECT_EQ(late->reason(), "the block was given up");
}

TEST_F(RetryTest, APoisonedLastBlockEndsItsMatrixByItself) {
  const std::string id = Submit(1);
  for (int number = 1; number <= 3; ++number) {
    TakeAs(number);
    Expire();
  }
  EXPECT_EQ(GetMatrix(db_, id)->state(), v1::MATRIX_STATE_FAILED);
  EXPECT_FALSE(TakeAs(4).has_block());
}

TEST_F(RetryTest, AnAgentThatDiesAndComesBackCountsToo) {
  Submit(1);
  for (int life = 0; life < 3; ++life) {
    EXPECT_EQ(Block("state"), "ready");
    EXPECT_TRUE(TakeAs(1).has_block());
    Open(db_, HelloOf("agent-1", "host-1"));  // supersedes what had the block
  }
  EXPECT_EQ(Block("state"), "failed");
  EXPECT_THAT(Block("reason"),
              HasSubstr("(agent-1 on cpu/test/2t 3 times); the last: a new session"));
}

TEST_F(RetryTest, AGoodbyeCostsNothing) {
  const std::string id = Submit(1);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(TakeAs(1).has_block()) << i;
    ASSERT_TRUE(CloseSession(db_, session_, "upgrade").ok());
  }
  EXPECT_EQ(Block("state || losing_sessions || failures"), "ready00");
  EXPECT_EQ(Scalar(db_, "SELECT string_agg(DISTINCT outcome, ' ') FROM attempt"), "released");
}

TEST_F(RetryTest, LossesAndFailuresAreCountedApart) {
  Submit(1);
  for (int number = 1; number <= 2; ++number) {
    TakeAs(number);
    Expire();
  }
  for (int i = 0; i < 2; ++i) {
    const v1::Grant grant = TakeAs(3);
    v1::BlockFailure failure;
    failure.set_block_id(grant.block().block_id());
    failure.set_epoch(grant.epoch());
    failure.set_reason("no engine");
    ASSERT_EQ(StoreFailure(db_, failure, testing::AtOnce())->disposition(),
              v1::DISPOSITION_ACCEPTED);
  }
  EXPECT_EQ(Block("state || losing_sessions || failures"), "ready22");
}

TEST_F(RetryTest, ARetryForgivesThePoison) {
  const std::string id = Submit(1);
  for (int number = 1; number <= 3; ++number) {
    TakeAs(number);
    Expire();
  }
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(id);
  retry.set_failed_only(true);
  const auto retried = RetryMatrix(db_, retry);
  ASSERT_TRUE(retried.ok());
  EXPECT_EQ(retried->blocks_queued(), 1U);
  EXPECT_EQ(Block("state || losing_sessions || reason"), "ready0");
  const v1::Grant grant = TakeAs(4);
  EXPECT_EQ(StoreResult(db_, session_, ResultOf(grant.block(), grant.epoch()))->disposition(),
            v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(GetMatrix(db_, id)->state(), v1::MATRIX_STATE_COMPLETED);
}

TEST_F(RetryTest, AFailedBlockWaitsLongerEachTimeWhileOthersRun) {
  Submit(2);
  v1::Grant grant = TakeAs(1);
  const auto fail = [&] {
    v1::BlockFailure failure;
    failure.set_block_id(grant.block().block_id());
    failure.set_epoch(grant.epoch());
    LeasePolicy policy;
    policy.retry_seconds = 1000;
    EXPECT_EQ(StoreFailure(db_, failure, policy)->disposition(), v1::DISPOSITION_ACCEPTED);
    return Scalar(db_,
                  "SELECT round(extract(epoch FROM not_before - clock_timestamp()) / 1000) FROM "
                  "ready ORDER BY block_id LIMIT 1");
  };
  EXPECT_EQ(fail(), "1");
  const v1::Grant other = SyncIdle(db_, session_)->start();
  EXPECT_EQ(other.block().ordinal(), 1U);
  ASSERT_TRUE(StoreResult(db_, session_, ResultOf(other.block(), other.epoch())).ok());
  EXPECT_FALSE(SyncIdle(db_, session_)->has_start());
  EXPECT_TRUE(AnswerableSessions(db_, {session_})->empty()) << "a parked call goes on waiting";
  Scalar(db_, "UPDATE ready SET not_before = clock_timestamp() - interval '10 s' RETURNING 1");
  EXPECT_EQ(AnswerableSessions(db_, {session_})->size(), 1U);
  grant = SyncIdle(db_, session_)->start();
  EXPECT_EQ(grant.block().ordinal(), 0U);
  EXPECT_EQ(fail(), "2");
}

TEST_F(RetryTest, AFailedBlockIsForOthersFirst) {
  Submit(1);
  const v1::Grant grant = TakeAs(1);
  const std::string sick = session_;
  v1::BlockFailure failure;
  failure.set_block_id(grant.block().block_id());
  failure.set_epoch(grant.epoch());
  ASSERT_EQ(StoreFailure(db_, failure, LeasePolicy())->disposition(), v1::DISPOSITION_ACCEPTED);
  Scalar(db_, "UPDATE ready SET not_before = clock_timestamp() RETURNING 1");
  EXPECT_FALSE(SyncIdle(db_, sick)->has_start());
  EXPECT_TRUE(AnswerableSessions(db_, {sick})->empty()) << "a parked call goes on waiting";
  EXPECT_TRUE(TakeAs(2).has_block());
  ASSERT_TRUE(CloseSession(db_, session_, "bye").ok());
  EXPECT_TRUE(SyncIdle(db_, sick)->has_start()) << "only until somebody else had it";
}

}  // namespace
}  // namespace quantfleet::postgres
