// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <random>
#include <vector>

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/postgres.hpp"

namespace quantfleet::postgres {
namespace {

using testing::HelloOf;
using testing::Open;
using testing::ResultOf;
using testing::Scalar;
using testing::SubmissionOf;
using testing::SyncIdle;

// Everything a reader can see of the accepted results, in one text.
std::string Stored(Connection& db) {
  return Scalar(db, R"(
    SELECT md5(string_agg(line, E'\n' ORDER BY line)) FROM (
      SELECT 'r' || (b.ordinal, r.epoch, r.run_id, r.run_seconds)::text AS line
        FROM block_result r JOIN block b USING (block_id)
      UNION ALL SELECT 'm' || (b.ordinal, arm_index, arm_id, role, outcome, grade, median_seconds, detail)::text
        FROM measurement JOIN block b USING (block_id)
      UNION ALL SELECT 's' || (b.ordinal, arm_index, round_numbers, positions, counts, seconds)::text
        FROM arm_samples JOIN block b USING (block_id)
      UNION ALL SELECT 'q' || (b.ordinal, arm_index, ratio, low, high, verdict, rounds)::text
        FROM ratio JOIN block b USING (block_id)
      UNION ALL SELECT 'b' || (ordinal, state, epoch)::text FROM block
      UNION ALL SELECT 'x' || state FROM matrix) AS lines)");
}

// Grants of all blocks of a fresh matrix, each to a host of its own.
std::vector<v1::Grant> TakeAll(Connection& db, int blocks, std::string* session) {
  EXPECT_TRUE(SubmitMatrix(db, SubmissionOf("request", blocks)).ok());
  std::vector<v1::Grant> grants;
  for (int i = 0; i < blocks; ++i) {
    *session = Open(db, HelloOf("agent-" + std::to_string(i), "host-" + std::to_string(i)));
    grants.push_back(SyncIdle(db, *session)->start());
  }
  return grants;
}

v1::BlockResult Deterministic(const v1::Grant& grant) {
  v1::BlockResult result = ResultOf(grant.block(), grant.epoch());
  result.set_run_id("run-" + std::to_string(grant.block().ordinal()));
  return result;
}

TEST(Report, AThousandReplaysReorderingsAndDuplicatesEqualOneCleanPass) {
  constexpr int kBlocks = 10;
  std::string session;
  Connection clean(testing::NewDatabase());
  for (const v1::Grant& grant : TakeAll(clean, kBlocks, &session)) {
    ASSERT_EQ(StoreResult(clean, session, Deterministic(grant))->disposition(),
              v1::DISPOSITION_ACCEPTED);
  }
  const std::string expected = Stored(clean);

  Connection messy(testing::NewDatabase());
  const auto grants = TakeAll(messy, kBlocks, &session);
  std::mt19937 random(20261121);
  int accepted = 0;
  for (int i = 0; i < 1000; ++i) {
    const v1::Grant& grant = grants[random() % kBlocks];
    v1::BlockResult result = Deterministic(grant);
    const bool stale = random() % 4 == 0;
    if (stale) result.set_epoch(random() % 2 == 0 ? grant.epoch() - 1 : grant.epoch() + 1);
    const auto verdict = StoreResult(messy, session, result);
    ASSERT_TRUE(verdict.ok()) << verdict.status().ToString();
    if (stale) {
      EXPECT_EQ(verdict->disposition(), v1::DISPOSITION_SUPERSEDED);
    } else {
      accepted += verdict->disposition() == v1::DISPOSITION_ACCEPTED ? 1 : 0;
    }
  }
  EXPECT_EQ(accepted, kBlocks);
  EXPECT_EQ(Stored(messy), expected);
}

class ReportTest : public ::testing::Test {
 protected:
  void SetUp() override { grant_ = TakeAll(db_, 1, &session_)[0]; }
  v1::Disposition Send(const v1::BlockResult& result) {
    return StoreResult(db_, session_, result)->disposition();
  }

  Connection db_{testing::NewDatabase()};
  std::string session_;
  v1::Grant grant_;
};

TEST_F(ReportTest, TheFirstStaysAndAnotherContentIsAConflict) {
  EXPECT_EQ(Send(ResultOf(grant_.block(), grant_.epoch(), 0)), v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(Send(ResultOf(grant_.block(), grant_.epoch(), 0)), v1::DISPOSITION_DUPLICATE);
  EXPECT_EQ(Send(ResultOf(grant_.block(), grant_.epoch(), 1)), v1::DISPOSITION_CONFLICT);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM late_result"), "1");
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM measurement"), "3");
}

TEST_F(ReportTest, UnfitResultsAreRejectedAndTheBlockStaysLeased) {
  std::vector<v1::BlockResult> unfit(5, ResultOf(grant_.block(), grant_.epoch()));
  unfit[0].mutable_measurements()->RemoveLast();
  unfit[1].mutable_measurements(0)->set_arm_id("another");
  unfit[2].mutable_measurements(1)->mutable_rounds(0)->set_seconds(
      0, std::numeric_limits<double>::quiet_NaN());
  unfit[3].mutable_measurements(1)->mutable_rounds(0)->set_seconds(0, -1);
  unfit[4].mutable_measurements(2)->clear_outcome();
  for (const v1::BlockResult& result : unfit) EXPECT_EQ(Send(result), v1::DISPOSITION_REJECTED);
  EXPECT_EQ(Scalar(db_, "SELECT state FROM block"), "leased");
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM measurement"), "0");
}

TEST_F(ReportTest, UnknownBlocksAreAnswered) {
  for (const char* id : {"999999", "", "x'; DROP TABLE block; --", "99999999999999999999999999"}) {
    v1::BlockResult result = ResultOf(grant_.block(), grant_.epoch());
    result.set_block_id(id);
    EXPECT_EQ(Send(result), v1::DISPOSITION_UNKNOWN_BLOCK) << id;
  }
}

TEST_F(ReportTest, WhatWasReportedComesBackWhole) {
  const v1::BlockResult sent = ResultOf(grant_.block(), grant_.epoch());
  ASSERT_EQ(Send(sent), v1::DISPOSITION_ACCEPTED);
  v1::ListMeasurementsRequest request;
  request.set_matrix_id(grant_.block().matrix_id());
  const auto page = ListMeasurements(db_, request);
  ASSERT_TRUE(page.ok()) << page.status().ToString();
  ASSERT_EQ(page->results_size(), 1);
  EXPECT_EQ(page->results(0).run_id(), sent.run_id());
  for (int i = 0; i < sent.measurements_size(); ++i) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
        page->results(0).rows(i).measurement(), sent.measurements(i)));
  }
  EXPECT_TRUE(page->next_page_token().empty());
}

TEST(Report, PagesGoThroughEveryResultInTheOrderOfTheBlocks) {
  constexpr int kBlocks = 7;
  Connection db(testing::NewDatabase());
  std::string session;
  auto grants = TakeAll(db, kBlocks, &session);
  std::reverse(grants.begin(), grants.end());
  for (const v1::Grant& grant : grants) {
    ASSERT_TRUE(StoreResult(db, session, ResultOf(grant.block(), grant.epoch())).ok());
  }
  v1::ListMeasurementsRequest request;
  request.set_matrix_id(grants[0].block().matrix_id());
  request.set_page_size(3);
  std::vector<std::string> batches;
  int pages = 0;
  do {
    const auto page = ListMeasurements(db, request);
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    ++pages;
    EXPECT_LE(page->results_size(), 3);
    for (const v1::StoredResult& stored : page->results()) {
      ASSERT_EQ(stored.rows_size(), 3);
      batches.push_back(stored.rows(0).arm().labels().at("batch"));
      EXPECT_EQ(stored.rows(2).measurement().rounds_size(), 8);
      EXPECT_EQ(stored.rows(2).ratio().verdict(), v1::VERDICT_FASTER);
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(batches, std::vector<std::string>({"1", "2", "3", "4", "5", "6", "7"}));
  request.set_page_token("not ours");
  EXPECT_EQ(ListMeasurements(db, request).status().code(), StatusCode::kInvalidArgument);
}

TEST(Report, PagesOfAComparisonHaveEveryRowOnceAndTheWholeItsCrossovers) {
  constexpr int kBlocks = 7;
  Connection db(testing::NewDatabase());
  std::string session;
  const auto grants = TakeAll(db, kBlocks, &session);
  for (const v1::Grant& grant : grants) {
    ASSERT_TRUE(StoreResult(db, session, ResultOf(grant.block(), grant.epoch())).ok());
  }
  v1::CompareMatrixRequest request;
  request.set_matrix_id(grants[0].block().matrix_id());
  const auto whole = CompareMatrix(db, request);
  ASSERT_TRUE(whole.ok()) << whole.status().ToString();
  EXPECT_EQ(whole->next_page_token(), "");
  EXPECT_EQ(whole->comparison().rows_size(), 3 * kBlocks);
  EXPECT_GT(whole->comparison().crossovers_size(), 0);
  request.set_page_size(7);  // two blocks of three arms
  std::vector<std::string> rows;
  int pages = 0;
  do {
    const auto page = CompareMatrix(db, request);
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    ++pages;
    EXPECT_EQ(page->comparison().crossovers_size(), 0) << "of half a curve";
    EXPECT_LE(page->comparison().sessions_size(), 2) << "one a block here";
    for (const auto& row : page->comparison().rows()) rows.push_back(row.DebugString());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 4);
  std::vector<std::string> expected;
  for (const auto& row : whole->comparison().rows()) expected.push_back(row.DebugString());
  EXPECT_EQ(rows, expected);
  request.set_page_size(1);
  EXPECT_EQ(CompareMatrix(db, request)->comparison().rows_size(), 3) << "a block at least";
  request.set_page_token("-1");
  EXPECT_EQ(CompareMatrix(db, request).status().code(), StatusCode::kInvalidArgument);
}

TEST(Report, ALargeComparisonIsRefusedAsAWhole) {
  Connection db(testing::NewDatabase());
  std::string session;
  const auto grants = TakeAll(db, 1, &session);
  ASSERT_TRUE(StoreResult(db, session, ResultOf(grants[0].block(), grants[0].epoch())).ok());
  // As if it had many arms.
  Scalar(db, "UPDATE block SET arms = 6000 RETURNING 1");
  Scalar(db, R"(
    WITH more AS (
      INSERT INTO block (matrix_id, ordinal, class_id, target, arms, spec, state)
      SELECT matrix_id, 1, class_id, target, arms, spec, state FROM block RETURNING block_id)
    INSERT INTO block_result (block_id, epoch, digest, run_id, session_id, run_seconds, header)
    SELECT more.block_id, epoch, digest, run_id, session_id, run_seconds, header FROM block_result, more RETURNING 1)");
  v1::CompareMatrixRequest request;
  request.set_matrix_id(grants[0].block().matrix_id());
  const auto refused = CompareMatrix(db, request);
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.status().message().find("more than 10000 measured arms"), std::string::npos);
  request.set_page_size(1000);
  const auto page = CompareMatrix(db, request);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->next_page_token(), "0");
}

TEST_F(ReportTest, TheComparisonHasTheStoredRatios) {
  ASSERT_EQ(Send(ResultOf(grant_.block(), grant_.epoch())), v1::DISPOSITION_ACCEPTED);
  const auto comparison = CompareMatrix(db_, grant_.block().matrix_id());
  ASSERT_TRUE(comparison.ok());
  ASSERT_EQ(comparison->rows_size(), 3);
  EXPECT_FALSE(comparison->rows(0).has_ratio());
  EXPECT_NEAR(comparison->rows(2).ratio().ratio(), 0.5, 0.01);
  EXPECT_EQ(comparison->rows(2).ratio().verdict(), v1::VERDICT_FASTER);
  EXPECT_EQ(comparison->rows(2).measurement().rounds_size(), 0);
  EXPECT_EQ(CompareMatrix(db_, "mtx_none").status().code(), StatusCode::kNotFound);
}

TEST_F(ReportTest, ARetryKeepsTheOldResultAsHistoryAndFencesIt) {
  const v1::BlockResult old = ResultOf(grant_.block(), grant_.epoch());
  ASSERT_EQ(Send(old), v1::DISPOSITION_ACCEPTED);
  v1::RetryMatrixRequest request;
  request.set_matrix_id(grant_.block().matrix_id());
  request.set_failed_only(true);
  EXPECT_EQ(RetryMatrix(db_, request)->blocks_queued(), 0U) << "nothing failed";
  request.set_failed_only(false);
  EXPECT_EQ(RetryMatrix(db_, request)->blocks_queued(), 1U);
  EXPECT_EQ(Send(old), v1::DISPOSITION_SUPERSEDED);
  const v1::Grant fresh = SyncIdle(db_, session_)->start();
  EXPECT_GT(fresh.epoch(), grant_.epoch() + 1);
  EXPECT_EQ(Send(ResultOf(fresh.block(), fresh.epoch(), 3)), v1::DISPOSITION_ACCEPTED);
  v1::BlockResult kept;
  Connection& db = db_;
  ASSERT_TRUE(db.Run([&](Transaction& tx) -> Status {
                  QF_ASSIGN_OR_RETURN(
                      const auto rows,
                      tx.Query("SELECT result FROM late_result WHERE why = 'RETRIED'"));
                  kept.ParseFromString(FromBytea(rows[0][0]));
                  return OkStatus();
                }).ok());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(kept, old));
}

TEST(Submit, TheSameRequestIdGivesTheSameMatrixAndAnotherDocumentIsRefused) {
  Connection db(testing::NewDatabase());
  const auto first = SubmitMatrix(db, SubmissionOf("same", 2));
  const auto again = SubmitMatrix(db, SubmissionOf("same", 2));
  ASSERT_TRUE(first.ok() && again.ok());
  EXPECT_FALSE(first->already_existed);
  EXPECT_TRUE(again->already_existed);
  EXPECT_EQ(first->matrix.matrix_id(), again->matrix.matrix_id());
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM block"), "2");
  EXPECT_EQ(SubmitMatrix(db, SubmissionOf("same", 3)).status().code(), StatusCode::kAlreadyExists);
}

TEST(Submit, ListingPagesThroughEveryMatrixOnce) {
  Connection db(testing::NewDatabase());
  for (int i = 0; i < 7; ++i)
    ASSERT_TRUE(SubmitMatrix(db, SubmissionOf("r" + std::to_string(i), 1)).ok());
  v1::ListMatricesRequest request;
  request.set_page_size(3);
  std::vector<std::string> seen;
  do {
    const auto page = ListMatrices(db, request);
    ASSERT_TRUE(page.ok());
    for (const auto& matrix : page->matrices()) seen.push_back(matrix.matrix_id());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen.size(), 7U);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end());
}

}  // namespace
}  // namespace quantfleet::postgres
