// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Random histories of everything that agents and people can do, held against the promises after
// each step. QUANTFLEET_SEED repeats a history.
#include <cstdlib>
#include <map>
#include <random>
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
using testing::ResultOf;
using testing::Scalar;
using testing::SubmissionOf;
using testing::SyncBusy;
using testing::SyncIdle;

class HistoryTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  static constexpr int kAgents = 3;

  void Step() {
    const auto agent = static_cast<size_t>(random_() % kAgents);
    switch (random_() % 12) {
      case 0:
        return Hello(agent);
      case 1:
        return Busy();
      case 2:
        return Fail();
      case 3:
        return Expire();
      case 4:
        return Goodbye(agent);
      case 5:
        return CancelOrRetry();
      case 6:
      case 7:
      case 8:
        return Report();
      default:
        return Idle(agent);
    }
  }

  void Hello(size_t agent) {
    const auto name = std::to_string(agent);
    sessions_[agent] = testing::Open(db_, HelloOf("agent-" + name, "host-" + name));
  }
  void Idle(size_t agent) {
    if (sessions_[agent].empty()) return;
    const auto answer = SyncIdle(db_, sessions_[agent]);
    if (!answer.ok()) {
      ASSERT_EQ(answer.status().code(), StatusCode::kFailedPrecondition)
          << answer.status().ToString();
      return Hello(agent);
    }
    if (answer->has_start()) grants_.push_back({sessions_[agent], answer->start()});
  }
  void Busy() {
    if (grants_.empty()) return;
    const auto& [session, grant] = grants_[random_() % grants_.size()];
    const auto answer = SyncBusy(db_, session, grant);
    EXPECT_TRUE(answer.ok() || answer.status().code() == StatusCode::kFailedPrecondition);
  }
  void Fail() {
    if (grants_.empty()) return;
    const v1::Grant& grant = grants_[random_() % grants_.size()].second;
    v1::BlockFailure failure;
    failure.set_block_id(grant.block().block_id());
    failure.set_epoch(grant.epoch());
    ASSERT_TRUE(StoreFailure(db_, failure, AtOnce(2)).ok());
  }
  void Expire() {
    Scalar(db_,
           "WITH late AS (UPDATE lease SET expire_time = clock_timestamp() RETURNING 1) "
           "SELECT count(*) FROM late");
    ASSERT_TRUE(ExpireLeases(db_, 100).ok());
  }
  void Goodbye(size_t agent) { ASSERT_TRUE(CloseSession(db_, sessions_[agent], "bye").ok()); }
  void CancelOrRetry() {
    if (random_() % 3 == 0) {
      ASSERT_TRUE(CancelMatrix(db_, matrix_id_).ok());
      EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM ready"), "0") << "cancelled";
      EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM lease"), "0") << "cancelled";
    }
    v1::RetryMatrixRequest request;
    request.set_matrix_id(matrix_id_);
    request.set_failed_only(random_() % 2 == 0);
    ASSERT_TRUE(RetryMatrix(db_, request).ok());
    accepted_ = Accepted();  // retried results are history now
  }
  void Report() {
    if (grants_.empty()) return;
    const auto& [session, grant] = grants_[random_() % grants_.size()];
    const std::string epoch =
        Scalar(db_, "SELECT epoch FROM block WHERE block_id = " + grant.block().block_id());
    const auto verdict = StoreResult(
        db_, session, ResultOf(grant.block(), grant.epoch(), static_cast<int>(random_() % 2)));
    ASSERT_TRUE(verdict.ok()) << verdict.status().ToString();
    if (verdict->disposition() == v1::DISPOSITION_ACCEPTED) {
      EXPECT_EQ(std::to_string(grant.epoch()), epoch) << "an old token was accepted";
    }
  }

  // Block to digest of its accepted result.
  std::map<std::string, std::string> Accepted() {
    std::map<std::string, std::string> accepted;
    EXPECT_TRUE(db_.Run([&](Transaction& tx) -> Status {
                     accepted.clear();
                     QF_ASSIGN_OR_RETURN(const auto rows,
                                         tx.Query("SELECT block_id, digest FROM block_result"));
                     for (const auto& row : rows) {
                       accepted[row[0].as<std::string>()] = row[1].as<std::string>();
                     }
                     return OkStatus();
                   })
                    .ok());
    return accepted;
  }

  void CheckPromises() {
    EXPECT_EQ(Contradictions(db_), "");
    // What was accepted stays, and its content with it.
    const auto now = Accepted();
    for (const auto& [block, digest] : accepted_) {
      ASSERT_TRUE(now.contains(block)) << block;
      EXPECT_EQ(now.at(block), digest) << block;
    }
    accepted_ = now;
    // Whole results only, open attempts only of leases, and a state that follows from the blocks.
    EXPECT_EQ(Scalar(db_, R"(
      SELECT count(*) FROM block_result r
      WHERE (SELECT count(*) FROM measurement m WHERE m.block_id = r.block_id) <> 3
         OR (SELECT count(*) FROM ratio q WHERE q.block_id = r.block_id) <> 2)"),
              "0");
    EXPECT_EQ(Scalar(db_, R"(
      SELECT count(*) FROM attempt a LEFT JOIN lease l USING (block_id, epoch)
      WHERE (a.end_time IS NULL) <> (l.block_id IS NOT NULL))"),
              "0");
    EXPECT_EQ(Scalar(db_, R"(
      SELECT count(*) FROM matrix m WHERE (m.state = 'running') <>
        EXISTS (SELECT 1 FROM block b WHERE b.matrix_id = m.matrix_id AND b.state IN ('ready', 'leased')))"),
              "0");
    const auto version = GetMatrix(db_, matrix_id_)->version();
    EXPECT_GE(version, version_);
    version_ = version;
  }

  Connection db_{testing::NewDatabase()};
  std::mt19937 random_{GetParam()};
  std::string matrix_id_;
  std::vector<std::string> sessions_ = std::vector<std::string>(kAgents);
  std::vector<std::pair<std::string, v1::Grant>> grants_;  // all that were ever given
  std::map<std::string, std::string> accepted_;
  uint64_t version_ = 0;
};

TEST_P(HistoryTest, EveryPromiseHoldsAfterEveryStep) {
  const auto submitted = SubmitMatrix(db_, SubmissionOf("request", 4));
  ASSERT_TRUE(submitted.ok());
  matrix_id_ = submitted->matrix.matrix_id();
  for (int step = 0; step < 150 && !HasFailure(); ++step) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()) + ", step " + std::to_string(step));
    Step();
    CheckPromises();
  }
}

std::vector<uint32_t> Seeds() {
  if (const char* told = std::getenv("QUANTFLEET_SEED")) {
    return {static_cast<uint32_t>(std::strtoul(told, nullptr, 10))};
  }
  return {1, 2, 3, 4, 5, 6, 7, 8};
}

INSTANTIATE_TEST_SUITE_P(Seeds, HistoryTest, ::testing::ValuesIn(Seeds()));

}  // namespace
}  // namespace quantfleet::postgres
