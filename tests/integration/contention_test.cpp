// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What happens at once: claims, reports, sweeps, cancels and Hellos that cross.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using testing::AtOnce;
using testing::Contradictions;
using testing::HelloOf;
using testing::Open;
using testing::ResultOf;
using testing::Scalar;
using testing::SubmissionOf;
using testing::SyncBusy;
using testing::SyncIdle;

class ContentionTest : public ::testing::Test {
 protected:
  std::string Submit(const std::string& request_id, int blocks) {
    const auto outcome = SubmitMatrix(db_, SubmissionOf(request_id, blocks));
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    return outcome->matrix.matrix_id();
  }
  // Runs `body(its connection, its number)` in `count` threads, and waits.
  template <typename Body>
  void InThreads(int count, const Body& body) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        Connection db(conninfo_);
        body(db, i);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  // True once another backend waits for a row or transaction lock.
  void AwaitBlockedBackend() {
    while (Scalar(db_, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") ==
           "0") {
      std::this_thread::yield();
    }
  }

  const std::string conninfo_ = testing::NewDatabase();
  Connection db_{conninfo_};
};

TEST_F(ContentionTest, DevicesOfAHostTakeTurns) {
  Submit("request", 30);
  std::atomic<int> running = 0;
  InThreads(6, [&](Connection& db, int i) {
    const auto number = std::to_string(i);
    const std::string session =
        Open(db, HelloOf("agent-" + number, "host", static_cast<uint32_t>(i + 1)));
    while (Scalar(db, "SELECT state FROM matrix") == "running") {
      const auto answer = SyncIdle(db, session);
      ASSERT_TRUE(answer.ok()) << answer.status().ToString();
      if (!answer->has_start()) continue;
      EXPECT_EQ(++running, 1) << "two blocks on one host";
      --running;
      const v1::Grant& grant = answer->start();
      EXPECT_EQ(StoreResult(db, session, ResultOf(grant.block(), grant.epoch()))->disposition(),
                v1::DISPOSITION_ACCEPTED);
    }
  });
  EXPECT_EQ(Scalar(db_, "SELECT state FROM matrix"), "completed");
  EXPECT_EQ(Scalar(db_, "SELECT max(epoch) FROM block"), "1");
}

TEST_F(ContentionTest, WhoSharesAHostMakesWayForWhoDoesNot) {
  Submit("request", 3);
  auto shares = HelloOf("a", "host", 1);
  shares.set_share_host(true);
  const std::string sharing = Open(db_, shares);
  const std::string alone = Open(db_, HelloOf("b", "host", 2));
  const v1::Grant first = SyncIdle(db_, sharing)->start();
  EXPECT_FALSE(SyncIdle(db_, alone)->has_start());
  EXPECT_TRUE(AnswerableSessions(db_, {alone})->empty());
  ASSERT_TRUE(StoreResult(db_, sharing, ResultOf(first.block(), first.epoch())).ok());
  EXPECT_EQ(AnswerableSessions(db_, {alone})->size(), 1U);
  EXPECT_TRUE(SyncIdle(db_, alone)->has_start());
  EXPECT_FALSE(SyncIdle(db_, sharing)->has_start());
}

TEST_F(ContentionTest, ClaimsReportsFailuresAndCancelsNeverDeadlock) {
  const std::string before =
      Scalar(db_, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
  std::atomic<bool> stop = false;
  std::thread churn([&] {
    Connection db(conninfo_);
    for (int i = 0; i < 12; ++i) {
      const auto outcome = SubmitMatrix(db, SubmissionOf("churn-" + std::to_string(i), 12));
      ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
      const auto cancelled = CancelMatrix(db, outcome->matrix.matrix_id());
      EXPECT_TRUE(cancelled.ok()) << cancelled.status().ToString();
      v1::RetryMatrixRequest retry;
      retry.set_matrix_id(outcome->matrix.matrix_id());
      const auto retried = RetryMatrix(db, retry);
      EXPECT_TRUE(retried.ok()) << retried.status().ToString();
      Scalar(db,
             "WITH late AS (UPDATE lease SET expire_time = clock_timestamp() RETURNING 1) "
             "SELECT count(*) FROM late");
      EXPECT_TRUE(ExpireLeases(db, 100).ok());
    }
    stop = true;
  });
  InThreads(5, [&](Connection& db, int i) {
    const auto number = std::to_string(i);
    std::string session = Open(db, HelloOf("agent-" + number, "host-" + number));
    for (int turn = 0; !stop || turn < 5; ++turn) {
      const auto answer = SyncIdle(db, session);
      if (answer.status().code() == StatusCode::kFailedPrecondition) {
        session = Open(db, HelloOf("agent-" + number, "host-" + number));
        continue;
      }
      ASSERT_TRUE(answer.ok()) << answer.status().ToString();
      if (!answer->has_start()) continue;
      const v1::Grant& grant = answer->start();
      v1::BlockFailure failure;
      failure.set_block_id(grant.block().block_id());
      failure.set_epoch(grant.epoch());
      if (turn % 3 == 0) {
        EXPECT_TRUE(StoreFailure(db, failure, AtOnce()).ok());
      }
      const auto verdict = StoreResult(db, session, ResultOf(grant.block(), grant.epoch()));
      ASSERT_TRUE(verdict.ok()) << verdict.status().ToString();
    }
  });
  churn.join();
  EXPECT_EQ(
      Scalar(db_, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"),
      before);
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(ContentionTest, OneOfManyEqualReportsIsAccepted) {
  Submit("request", 1);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::Grant grant = SyncIdle(db_, session)->start();
  std::array<v1::Disposition, 16> dispositions{};
  InThreads(static_cast<int>(dispositions.size()), [&](Connection& db, int i) {
    dispositions[static_cast<size_t>(i)] =
        StoreResult(db, session, ResultOf(grant.block(), grant.epoch()))->disposition();
  });
  EXPECT_EQ(std::count(dispositions.begin(), dispositions.end(), v1::DISPOSITION_ACCEPTED), 1);
  EXPECT_EQ(std::count(dispositions.begin(), dispositions.end(), v1::DISPOSITION_DUPLICATE), 15);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM late_result"), "0");
}

TEST_F(ContentionTest, SubmittingTheSameTwiceAtOnceGivesOneMatrix) {
  std::array<std::string, 8> ids;
  InThreads(static_cast<int>(ids.size()), [&](Connection& db, int i) {
    const auto outcome = SubmitMatrix(db, SubmissionOf("same", 3));
    ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
    ids[static_cast<size_t>(i)] = outcome->matrix.matrix_id();
  });
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM block"), "3");
}

TEST_F(ContentionTest, TwoLastReportsAtOnceCompleteTheMatrix) {
  for (int round = 0; round < 10; ++round) {
    const std::string id = Submit("request-" + std::to_string(round), 2);
    InThreads(2, [&](Connection& db, int i) {
      const auto number = std::to_string(i);
      const std::string session = Open(db, HelloOf("agent-" + number, "host-" + number));
      const v1::Grant grant = SyncIdle(db, session)->start();
      ASSERT_EQ(StoreResult(db, session, ResultOf(grant.block(), grant.epoch()))->disposition(),
                v1::DISPOSITION_ACCEPTED);
    });
    EXPECT_EQ(GetMatrix(db_, id)->state(), v1::MATRIX_STATE_COMPLETED);
  }
}

TEST_F(ContentionTest, ASweepLeavesASessionAloneThatIsCallingNow) {
  Submit("request", 1);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::Grant grant = SyncIdle(db_, session)->start();
  Scalar(db_, "UPDATE lease SET expire_time = clock_timestamp() - interval '1 s' RETURNING 1");
  Connection calling(conninfo_);
  const Status status = calling.Run([&](Transaction& tx) -> Status {
    // As Sync begins.
    QF_RETURN_IF_ERROR(tx.Query("UPDATE session SET last_seen = clock_timestamp()").status());
    EXPECT_EQ(*ExpireLeases(db_, 10), 0);
    return OkStatus();
  });
  ASSERT_TRUE(status.ok());
  EXPECT_FALSE(SyncBusy(db_, session, grant)->has_stop()) << "renewed, late but unswept";
  EXPECT_EQ(*ExpireLeases(db_, 10), 0) << "the renewed lease runs on";
}

TEST_F(ContentionTest, AGoodbyeThatWaitsDoesNotTakeASuccessorsLease) {
  Submit("request", 1);
  const std::string old_session = Open(db_, HelloOf("a", "host-1"));
  const std::string fresh_session = Open(db_, HelloOf("b", "host-2"));
  ASSERT_TRUE(SyncIdle(db_, old_session)->has_start());
  Connection moving(conninfo_);
  std::unique_ptr<std::thread> goodbye;
  const Status status = moving.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(tx.Query("SELECT 1 FROM block FOR UPDATE").status());
    goodbye = std::make_unique<std::thread>([&] {
      Connection db(conninfo_);
      EXPECT_TRUE(CloseSession(db, old_session, "bye").ok());
    });
    AwaitBlockedBackend();
    // Meanwhile the block fails and is granted to the other session.
    QF_RETURN_IF_ERROR(tx.Query("DELETE FROM lease").status());
    QF_RETURN_IF_ERROR(tx.Query("UPDATE block SET epoch = epoch + 1").status());
    return tx
        .Query(
            "INSERT INTO lease (block_id, epoch, session_id, exclusion_key, expire_time) "
            "SELECT block_id, epoch, $1, 'host-2', clock_timestamp() + interval '1 min' FROM block",
            {fresh_session})
        .status();
  });
  goodbye->join();
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(Scalar(db_, "SELECT state FROM block"), "leased");
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(ContentionTest, ALateCopyOfAnOldHelloSupersedesNobody) {
  const auto hello = HelloOf("a");
  const std::string old_session = Open(db_, hello);
  const std::string fresh_session = Open(db_, HelloOf("a"));
  EXPECT_EQ(Open(db_, hello), old_session);
  EXPECT_TRUE(SyncIdle(db_, fresh_session).ok());
  EXPECT_EQ(SyncIdle(db_, old_session).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(ContentionTest, TheVersionGrowsWithEveryChange) {
  const std::string id = Submit("request", 2);
  uint64_t version = GetMatrix(db_, id)->version();
  const auto expect_growth = [&](const char* what) {
    const uint64_t now = GetMatrix(db_, id)->version();
    EXPECT_GT(now, version) << what;
    version = now;
  };
  const std::string session = Open(db_, HelloOf("a"));
  v1::Grant grant = SyncIdle(db_, session)->start();
  expect_growth("granted");
  v1::BlockFailure failure;
  failure.set_block_id(grant.block().block_id());
  failure.set_epoch(grant.epoch());
  ASSERT_TRUE(StoreFailure(db_, failure, AtOnce()).ok());
  expect_growth("failed");
  ASSERT_TRUE(SyncIdle(db_, session)->has_start());
  expect_growth("granted again");
  ASSERT_TRUE(CloseSession(db_, session, "bye").ok());
  expect_growth("lost");
  const std::string other = Open(db_, HelloOf("a"));
  grant = SyncIdle(db_, other)->start();
  expect_growth("granted to another");
  ASSERT_TRUE(StoreResult(db_, other, ResultOf(grant.block(), grant.epoch())).ok());
  expect_growth("accepted");
  ASSERT_TRUE(CancelMatrix(db_, id).ok());
  expect_growth("cancelled");
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(id);
  ASSERT_TRUE(RetryMatrix(db_, retry).ok());
  expect_growth("queued again");
}

}  // namespace
}  // namespace quantfleet::postgres
