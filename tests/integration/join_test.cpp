// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Device classes that connect while a matrix may be joined get their copy of its blocks, once,
// whoever admits them and whoever dies doing so; and the matrix does not end before.
#include "coordinator/postgres/expansion/join.hpp"

#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/matrix/canonical.hpp"
#include "coordinator/postgres/blocks/standing.hpp"
#include "coordinator/postgres/expansion/expand.hpp"
#include "coordinator/postgres/expansion/feed.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using ::testing::Contains;
using testing::Contradictions;
using ::testing::HasSubstr;
using testing::HelloOf;
using testing::Open;
using testing::Scalar;

// `batches` blocks of three arms each for every class of CPU, repeated `repeat` times.
std::string Document(int batches, const std::string& window = "24h", int repeat = 1) {
  return "version: 1\nname: open\nworkload: linear\nbaseline: {format: fp32}\n"
         "axes: {layer: gpt2/mlp.c_fc, batch: {range: [1, " +
         std::to_string(batches) +
         ", 1]}, format: [fp32, nf4]}\nrepeat: " + std::to_string(repeat) +
         "\ntargets: [{name: each-cpu, each: device_class, where: {kind: cpu}, join: later, "
         "join_for: " +
         window + "}]\n";
}

std::string Submit(Connection& db, const std::string& document, const matrix::Limits& limits = {}) {
  const auto matrix = matrix::ParseMatrix(document, "m", limits).matrix;
  QF_CHECK(matrix != nullptr);
  const auto fleet = ListDevices(db);
  QF_CHECK(fleet.ok());
  Submission submission;
  submission.principal = "tester";
  submission.request_id = "request " + document;
  submission.name = matrix->name;
  submission.document = document;
  submission.plan = matrix::PlanMatrix(*matrix, *fleet);
  submission.blocks = FirstBlocks(matrix, *submission.plan);
  const auto outcome = SubmitMatrix(db, submission);
  QF_CHECK(outcome.ok());
  return outcome->matrix.matrix_id();
}

// What a coordinator's worker does, until nothing is left to do.
void Work(Connection& db) {
  Expander expander;
  for (bool more = true; more;) {
    const auto joined = AdmitJoiners(db);
    const auto made = expander.Advance(db);
    ASSERT_TRUE(joined.ok() && made.ok()) << joined.status().ToString() << made.status().ToString();
    more = *joined || *made;
  }
}

// Runs what the session is given until it is given nothing.
int RunAll(Connection& db, const std::string& session) {
  int blocks = 0;
  for (;; ++blocks) {
    const auto grant = testing::SyncIdle(db, session);
    QF_CHECK(grant.ok());
    if (!grant->has_start()) return blocks;
    const auto stored =
        StoreResult(db, session, testing::ResultOf(grant->start().block(), grant->start().epoch()));
    QF_CHECK(stored.ok() && stored->disposition() == v1::DISPOSITION_ACCEPTED);
  }
}

v1::MatrixState StateOf(Connection& db, const std::string& matrix_id) {
  return GetMatrix(db, matrix_id)->state();
}

void EndWindow(Connection& db) {
  Scalar(db, "UPDATE joining SET until_time = clock_timestamp() RETURNING 1");
}

std::string CopiesByClass(Connection& db) {
  return Scalar(db, R"(
    SELECT string_agg(line, ', ' ORDER BY line) FROM (
      SELECT (requirement::json->'device_class'->'any_of'->>0) || ' ' || count(*) || ' from ' || min(ordinal)
             || ' to ' || max(ordinal) AS line
      FROM block JOIN requirement_class USING (class_id) GROUP BY requirement) AS lines)");
}

TEST(JoinTest, AClassThatComesLaterGetsTheSameBlocks) {
  Connection db(testing::NewDatabase());
  const std::string first = Open(db, HelloOf("a", "host-a", 2));
  const std::string id = Submit(db, Document(5, "24h", 2));
  EXPECT_EQ(GetMatrix(db, id)->blocks_total(), 10u);
  Work(db);
  EXPECT_EQ(CopiesByClass(db), "cpu/test/2t 10 from 0 to 9");
  EXPECT_EQ(RunAll(db, first), 10);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_RUNNING) << "somebody may come";
  EXPECT_THAT(GetMatrix(db, id)->waiting(), Contains(HasSubstr("classes that join until")));

  const std::string second = Open(db, HelloOf("b", "host-b", 4));
  Open(db, HelloOf("c", "host-c", 4));  // of the same class
  Work(db);
  EXPECT_EQ(CopiesByClass(db), "cpu/test/2t 10 from 0 to 9, cpu/test/4t 10 from 10 to 19");
  EXPECT_EQ(GetMatrix(db, id)->blocks_total(), 20u);
  EXPECT_EQ(GetMatrix(db, id)->arms_total(), 60u);
  // The same arms in the same order, repeat by repeat; only the ordinals differ.
  EXPECT_EQ(Scalar(db, "SELECT count(DISTINCT ordinal % 10) FROM block"), "10");
  std::set<std::string> specs;
  ASSERT_TRUE(db.Run([&](Transaction& tx) -> Status {
                  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query("SELECT spec FROM block"));
                  for (const auto& row : rows) {
                    v1::Block block;
                    block.ParseFromString(FromBytea(row[0]));
                    block.clear_ordinal();
                    specs.insert(matrix::StableBytes(block));
                  }
                  return OkStatus();
                }).ok());
  EXPECT_EQ(specs.size(), 10u);
  EXPECT_EQ(RunAll(db, second), 10);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_RUNNING);
  EndWindow(db);
  Work(db);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
  EXPECT_EQ(Contradictions(db), "");
}

TEST(JoinTest, AMatrixMayBeginWithNobodyAndEndWithNobody) {
  Connection db(testing::NewDatabase());
  const std::string id = Submit(db, Document(5));
  EXPECT_EQ(GetMatrix(db, id)->blocks_total(), 0u);
  Work(db);
  ASSERT_TRUE(EndForgottenMatrices(db).ok());
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_RUNNING);
  v1::ExplainBlocksRequest why;
  why.set_id(id);
  const auto standings = ExplainBlocks(db, why);
  ASSERT_TRUE(standings.ok());
  ASSERT_EQ(standings->standings_size(), 1);
  EXPECT_EQ(standings->standings(0).cause(), v1::STANDING_CAUSE_JOINING);
  EXPECT_THAT(standings->standings(0).reason(), HasSubstr("0 have it"));
  EndWindow(db);
  Work(db);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
}

TEST(JoinTest, WhoCameInTimeJoinsAfterAnOutageAndWhoCameLateDoesNot) {
  Connection db(testing::NewDatabase());
  const std::string id = Submit(db, Document(5));
  Open(db, HelloOf("in-time", "host-a", 2));
  Open(db, HelloOf("gone", "host-b", 8));
  Scalar(db, "UPDATE session SET state = 'lost' WHERE agent_name = 'gone' RETURNING 1");
  EndWindow(db);  // while no coordinator looked
  Open(db, HelloOf("late", "host-c", 4));
  Work(db);
  EXPECT_EQ(CopiesByClass(db), "cpu/test/2t 5 from 0 to 4");
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_RUNNING) << "the copy is to be run";
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM joining WHERE is_open"), "0");
}

TEST(JoinTest, OnlyWhoMeetsTheTargetJoins) {
  Connection db(testing::NewDatabase());
  Submit(db, Document(5));
  auto gpu = HelloOf("gpu", "host-a", 2);
  gpu.mutable_device()->mutable_device()->set_kind(v1::DEVICE_KIND_CUDA);
  Open(db, gpu);
  Work(db);
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM block"), "0");
}

TEST(JoinTest, ReplicasTogetherAdmitEachClassOnce) {
  const std::string conninfo = testing::NewDatabase();
  Connection db(conninfo);
  const std::string id = Submit(db, Document(40));
  std::atomic<bool> over = false;
  std::vector<std::thread> replicas;
  replicas.reserve(3);
  for (int i = 0; i < 3; ++i) {
    replicas.emplace_back([&] {
      Connection own(conninfo);
      Expander expander;
      while (!over) {
        EXPECT_TRUE(AdmitJoiners(own).ok());
        EXPECT_TRUE(expander.Advance(own).ok());
        EXPECT_TRUE(FeedQueue(own).ok());
      }
    });
  }
  for (uint32_t threads = 1; threads <= 12; ++threads) {
    const std::string name = std::to_string(threads);
    Open(db, HelloOf("agent-" + name, "host-" + name, threads));
    Open(db, HelloOf("twin-" + name, "twin-host-" + name, threads));
  }
  while (GetMatrix(db, id)->blocks_ready() < 12 * 40) {
  }
  over = true;
  for (std::thread& replica : replicas) replica.join();
  EXPECT_EQ(GetMatrix(db, id)->blocks_total(), 12u * 40u);
  EXPECT_EQ(
      Scalar(
          db,
          "SELECT count(DISTINCT class_id) || ' ' || count(*) || ' ' || max(ordinal) FROM block"),
      "12 480 479");
  EXPECT_EQ(Scalar(db, "SELECT blocks_open FROM matrix"), "480");
  EXPECT_EQ(Contradictions(db), "");
}

// Whatever statement of it is cut off: a class is admitted wholly or not at all, and then again.
TEST(JoinTest, WhoDiesWhileAdmittingLeavesNothingOfIt) {
  const std::string conninfo = testing::NewDatabase();
  Connection db(conninfo);
  const std::string id = Submit(db, Document(600));
  std::atomic<bool> over = false;
  std::atomic<int> cut_off = 0;
  std::thread killer([&] {
    Connection other(conninfo);
    while (!over) {
      Scalar(other,
             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name "
             "= 'victim' AND (query LIKE '%INSERT INTO joined%' OR query LIKE '%WITH grown%' OR "
             "query LIKE '%INSERT INTO block %' OR query LIKE '%FOR UPDATE%')");
    }
  });
  Connection victim(conninfo + " application_name=victim");
  Expander expander;
  uint32_t classes = 0;
  while (classes < 40 && (classes < 8 || cut_off < 10)) {
    ++classes;
    const std::string name = std::to_string(classes);
    Open(db, HelloOf("agent-" + name, "host-" + name, classes));
    for (int step = 0; step < 8; ++step) {
      if (!AdmitJoiners(victim).ok()) ++cut_off;
      if (!expander.Advance(victim).ok()) ++cut_off;
      ASSERT_EQ(
          Scalar(db,
                 "SELECT e.blocks_total - 600 * (SELECT count(*) FROM joined) FROM expansion e"),
          "0");
    }
  }
  over = true;
  killer.join();
  EXPECT_GE(cut_off, 10);
  Work(db);
  EXPECT_EQ(GetMatrix(db, id)->blocks_total(), classes * 600u);
  EXPECT_EQ(Scalar(db,
                   "SELECT count(*) || ' ' || count(DISTINCT class_id) || ' ' || max(ordinal) + 1 "
                   "FROM block"),
            std::to_string(classes * 600) + " " + std::to_string(classes) + " " +
                std::to_string(classes * 600));
  EXPECT_EQ(Contradictions(db), "");
}

TEST(JoinTest, ACancelledMatrixTakesNobodyUntilItIsRetried) {
  Connection db(testing::NewDatabase());
  const std::string first = Open(db, HelloOf("a", "host-a", 2));
  const std::string id = Submit(db, Document(5));
  ASSERT_TRUE(CancelMatrix(db, id).ok());
  Open(db, HelloOf("b", "host-b", 4));
  Work(db);
  EXPECT_EQ(CopiesByClass(db), "cpu/test/2t 5 from 0 to 4");
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_CANCELLED);
  EXPECT_EQ(GetMatrix(db, id)->waiting_size(), 0);
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(id);
  ASSERT_TRUE(RetryMatrix(db, retry).ok());
  Work(db);
  EXPECT_EQ(CopiesByClass(db), "cpu/test/2t 5 from 0 to 4, cpu/test/4t 5 from 5 to 9");
}

TEST(JoinTest, TheLimitOnArmsHoldsWithThoseWhoJoin) {
  Connection db(testing::NewDatabase());
  Open(db, HelloOf("a", "host-a", 2));
  matrix::Limits limits;
  limits.max_arms = 44;  // 15 of a copy
  const std::string id = Submit(db, Document(5), limits);
  for (const uint32_t threads : {4u, 6u, 8u}) {
    Open(db, HelloOf("b" + std::to_string(threads), "b" + std::to_string(threads), threads));
  }
  Work(db);
  EXPECT_EQ(GetMatrix(db, id)->arms_total(), 30u);
  EXPECT_THAT(GetMatrix(db, id)->waiting(), Contains(HasSubstr("more than 44 arms")));
  EXPECT_FALSE(*AdmitJoiners(db)) << "not before a minute";
}

TEST(JoinTest, WhoJoinsALargeMatrixJoinsBehindIt) {
  Connection db(testing::NewDatabase());
  Open(db, HelloOf("a", "host-a", 2));
  const std::string id = Submit(db, Document(6000));
  Expander expander;
  ASSERT_TRUE(*expander.Advance(db));  // of three chunks; the next one is at hand
  Open(db, HelloOf("b", "host-b", 4));
  ASSERT_TRUE(*AdmitJoiners(db));
  EXPECT_EQ(GetMatrix(db, id)->blocks_total(), 12000u);
  while (*expander.Advance(db)) {
  }
  EXPECT_EQ(CopiesByClass(db),
            "cpu/test/2t 6000 from 0 to 5999, cpu/test/4t 6000 from 6000 to 11999");
  EXPECT_EQ(Contradictions(db), "");
}

}  // namespace
}  // namespace quantfleet::postgres
