// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using testing::AtOnce;
using testing::HelloOf;
using testing::Open;
using testing::ResultOf;
using testing::Scalar;
using testing::SubmissionOf;
using testing::SyncBusy;
using testing::SyncIdle;

class LeaseTest : public ::testing::Test {
 protected:
  v1::Matrix Submit(int blocks) {
    auto outcome = SubmitMatrix(db_, SubmissionOf("request", blocks));
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    return outcome->matrix;
  }
  v1::Grant Take(const std::string& session) {
    auto answer = SyncIdle(db_, session);
    EXPECT_TRUE(answer.ok() && answer->has_start());
    return answer->start();
  }
  void ExpireAll() {
    Scalar(db_, "UPDATE lease SET expire_time = clock_timestamp() - interval '1 s' RETURNING 1");
  }

  const std::string conninfo_ = testing::NewDatabase();
  Connection db_{conninfo_};
};

TEST_F(LeaseTest, HelloIsIdempotentByRequestId) {
  const auto hello = HelloOf("a");
  EXPECT_EQ(Open(db_, hello), Open(db_, hello));
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM session"), "1");
}

TEST_F(LeaseTest, AGrantCarriesTheBlockAndAGrowingEpoch) {
  Submit(2);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::Grant grant = Take(session);
  EXPECT_EQ(grant.epoch(), 1U);
  EXPECT_EQ(grant.block().arms_size(), 3);
  EXPECT_FALSE(grant.block().block_id().empty());
}

TEST_F(LeaseTest, ALostAnswerIsOfferedAgainWithTheSameEpoch) {
  Submit(2);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::Grant first = Take(session);
  const v1::Grant again = Take(session);
  EXPECT_EQ(first.block().block_id(), again.block().block_id());
  EXPECT_EQ(first.epoch(), again.epoch());
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM attempt"), "1");
}

TEST_F(LeaseTest, OneBlockAtATimeOnAHost) {
  Submit(3);
  const std::string one = Open(db_, HelloOf("a", "host-1", 1));
  const std::string two = Open(db_, HelloOf("b", "host-1", 2));
  const std::string elsewhere = Open(db_, HelloOf("c", "host-2", 2));
  Take(one);
  EXPECT_FALSE(SyncIdle(db_, two)->has_start());
  Take(elsewhere);
}

TEST_F(LeaseTest, DevicesThatShareAHostRunTogetherWhenTheAgentSaysSo) {
  Submit(2);
  auto first = HelloOf("a", "host-1", 1);
  auto second = HelloOf("b", "host-1", 2);
  first.set_share_host(true);
  second.set_share_host(true);
  Take(Open(db_, first));
  Take(Open(db_, second));
}

TEST_F(LeaseTest, ABlockGoesOnlyToADeviceThatMeetsItsRequirement) {
  auto submission = SubmissionOf("gpu", 1);
  submission.blocks[0].requirement.conditions["kind"].any_of = {"cuda"};
  ASSERT_TRUE(SubmitMatrix(db_, submission).ok());
  EXPECT_FALSE(SyncIdle(db_, Open(db_, HelloOf("a")))->has_start());
  auto gpu = HelloOf("g", "host-2");
  gpu.mutable_device()->mutable_device()->set_kind(v1::DEVICE_KIND_CUDA);
  Take(Open(db_, gpu));
}

TEST_F(LeaseTest, RenewingKeepsTheLeaseAndAStrangerIsStopped) {
  Submit(1);
  const std::string session = Open(db_, HelloOf("a"));
  v1::Grant grant = Take(session);
  EXPECT_FALSE(SyncBusy(db_, session, grant)->has_stop());
  grant.set_epoch(7);
  EXPECT_TRUE(SyncBusy(db_, session, grant)->has_stop());
}

TEST_F(LeaseTest, AnExpiredLeaseIsGrantedAgainWithAHigherEpochAndFencesTheOld) {
  Submit(1);
  const std::string first = Open(db_, HelloOf("a", "host-1"));
  const v1::Grant old = Take(first);
  ExpireAll();
  EXPECT_EQ(*ExpireLeases(db_, 10), 1);
  const std::string second = Open(db_, HelloOf("b", "host-2"));
  const v1::Grant fresh = Take(second);
  EXPECT_EQ(fresh.block().block_id(), old.block().block_id());
  EXPECT_EQ(fresh.epoch(), old.epoch() + 1);
  EXPECT_EQ(SyncBusy(db_, first, old).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(StoreResult(db_, first, ResultOf(old.block(), old.epoch()))->disposition(),
            v1::DISPOSITION_SUPERSEDED);
  EXPECT_EQ(StoreResult(db_, second, ResultOf(fresh.block(), fresh.epoch()))->disposition(),
            v1::DISPOSITION_ACCEPTED);
}

TEST_F(LeaseTest, AnExpiredButUnclaimedBlockStillTakesItsResult) {
  Submit(1);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::Grant grant = Take(session);
  ExpireAll();
  EXPECT_EQ(*ExpireLeases(db_, 10), 1);
  EXPECT_EQ(StoreResult(db_, session, ResultOf(grant.block(), grant.epoch()))->disposition(),
            v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM ready"), "0");
}

TEST_F(LeaseTest, ANewSessionSupersedesTheOldAtOnce) {
  Submit(1);
  const std::string old_session = Open(db_, HelloOf("a"));
  const v1::Grant old = Take(old_session);
  const std::string fresh_session = Open(db_, HelloOf("a"));
  EXPECT_EQ(SyncIdle(db_, old_session).status().code(), StatusCode::kFailedPrecondition);
  const v1::Grant fresh = Take(fresh_session);
  EXPECT_EQ(fresh.block().block_id(), old.block().block_id());
  EXPECT_GT(fresh.epoch(), old.epoch());
}

TEST_F(LeaseTest, GoodbyeQueuesTheBlockAtOnce) {
  Submit(1);
  const std::string session = Open(db_, HelloOf("a"));
  Take(session);
  ASSERT_TRUE(CloseSession(db_, session, "bye").ok());
  EXPECT_EQ(Scalar(db_, "SELECT state FROM block"), "ready");
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM ready"), "1");
}

TEST_F(LeaseTest, CancelFencesEverything) {
  const v1::Matrix matrix = Submit(3);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::Grant grant = Take(session);
  const auto cancelled = CancelMatrix(db_, matrix.matrix_id());
  ASSERT_TRUE(cancelled.ok());
  EXPECT_EQ(cancelled->state(), v1::MATRIX_STATE_CANCELLED);
  EXPECT_EQ(cancelled->blocks_cancelled(), 3U);
  EXPECT_TRUE(SyncBusy(db_, session, grant)->has_stop());
  EXPECT_FALSE(SyncIdle(db_, session)->has_start());
  EXPECT_EQ(StoreResult(db_, session, ResultOf(grant.block(), grant.epoch()))->disposition(),
            v1::DISPOSITION_CANCELLED);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM block_result"), "0");
  EXPECT_TRUE(CancelMatrix(db_, matrix.matrix_id()).ok()) << "idempotent";
}

TEST_F(LeaseTest, ADrainedAgentGetsNothing) {
  Submit(1);
  const std::string session = Open(db_, HelloOf("a"));
  ASSERT_TRUE(DrainAgent(db_, "a", true).ok());
  EXPECT_FALSE(SyncIdle(db_, session)->has_start());
  EXPECT_TRUE(AnswerableSessions(db_, {session})->empty());
  ASSERT_TRUE(DrainAgent(db_, "a", false).ok());
  EXPECT_EQ(AnswerableSessions(db_, {session})->size(), 1U);
  Take(session);
  EXPECT_EQ(DrainAgent(db_, "nobody", true).code(), StatusCode::kNotFound);
}

TEST_F(LeaseTest, FailuresSpendABudget) {
  const v1::Matrix matrix = Submit(1);
  const std::string session = Open(db_, HelloOf("a"));
  for (int i = 0; i < 3; ++i) {
    const v1::Grant grant = Take(session);
    v1::BlockFailure failure;
    failure.set_block_id(grant.block().block_id());
    failure.set_epoch(grant.epoch());
    failure.set_reason("no engine");
    EXPECT_EQ(StoreFailure(db_, failure, AtOnce())->disposition(), v1::DISPOSITION_ACCEPTED);
    EXPECT_EQ(StoreFailure(db_, failure, AtOnce())->disposition(), v1::DISPOSITION_SUPERSEDED)
        << "a replay spends nothing";
  }
  EXPECT_EQ(GetMatrix(db_, matrix.matrix_id())->state(), v1::MATRIX_STATE_FAILED);
  EXPECT_EQ(Scalar(db_, "SELECT reason FROM block"), "no engine");
}

TEST_F(LeaseTest, ManyClaimersNeverGetTheSameBlock) {
  constexpr int kBlocks = 60;
  constexpr int kAgents = 8;
  Submit(kBlocks);
  std::atomic<int> granted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kAgents; ++i) {
    threads.emplace_back([this, i, &granted] {
      Connection db(conninfo_);
      const std::string session =
          Open(db, HelloOf("agent-" + std::to_string(i), "host-" + std::to_string(i)));
      while (true) {
        const auto answer = SyncIdle(db, session);
        ASSERT_TRUE(answer.ok()) << answer.status().ToString();
        if (!answer->has_start()) break;
        ++granted;
        const auto& grant = answer->start();
        EXPECT_EQ(grant.epoch(), 1U);
        EXPECT_EQ(StoreResult(db, session, ResultOf(grant.block(), grant.epoch()))->disposition(),
                  v1::DISPOSITION_ACCEPTED);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, kBlocks);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM attempt"), std::to_string(kBlocks));
  EXPECT_EQ(Scalar(db_, "SELECT state FROM matrix"), "completed");
}

TEST_F(LeaseTest, ASessionAndAMatrixThatAppearTogetherFindEachOther) {
  for (int i = 0; i < 20; ++i) {
    auto submission = SubmissionOf("request-" + std::to_string(i), 1);
    submission.blocks[0].requirement.conditions["agent"].any_of = {"agent-" + std::to_string(i)};
    std::string session;
    std::thread hello([&] {
      Connection db(conninfo_);
      session = Open(db, HelloOf("agent-" + std::to_string(i), "host-" + std::to_string(i)));
    });
    EXPECT_TRUE(SubmitMatrix(db_, submission).ok());
    hello.join();
    EXPECT_TRUE(SyncIdle(db_, session)->has_start()) << i;
  }
}

TEST_F(LeaseTest, TheOlderOfTwoMatricesOfOneSecondRunsFirst) {
  Submit(3);
  ASSERT_TRUE(SubmitMatrix(db_, SubmissionOf("younger", 3)).ok());
  EXPECT_EQ(Scalar(db_,
                   "SELECT string_agg(m.request_id || b.ordinal, ' ' ORDER BY r.band, "
                   "r.sort_key, r.block_id) FROM ready r JOIN block b USING (block_id) JOIN "
                   "matrix m USING (matrix_id)"),
            "request0 request1 request2 younger0 younger1 younger2");
}

TEST_F(LeaseTest, HigherPriorityRunsFirst) {
  Submit(1);
  auto urgent = SubmissionOf("urgent", 1);
  urgent.priority = 9;
  const auto outcome = SubmitMatrix(db_, urgent);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(Take(Open(db_, HelloOf("a"))).block().matrix_id(), outcome->matrix.matrix_id());
}

}  // namespace
}  // namespace quantfleet::postgres
