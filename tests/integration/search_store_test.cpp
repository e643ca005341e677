// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// A search adds blocks to a running matrix where the verdict flips, each once whoever decides and
// whoever dies doing so, stores what it found, and only then the matrix ends.
#include <atomic>
#include <cmath>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "coordinator/postgres/archive/archive_rows.hpp"
#include "coordinator/postgres/blocks/standing.hpp"
#include "coordinator/postgres/expansion/expand.hpp"
#include "coordinator/postgres/expansion/join.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "coordinator/postgres/search/search_rows.hpp"
#include "coordinator/postgres/search/searcher.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using ::testing::Contains;
using testing::Contradictions;
using ::testing::HasSubstr;
using testing::HelloOf;
using testing::Open;
using testing::Scalar;

std::string Document(const std::string& search, const std::string& more = "") {
  return "version: 1\nname: searched\nworkload: linear\nbaseline: {format: fp32}\n"
         "axes: {layer: [gpt2/mlp.c_fc, gpt2/mlp.c_proj], batch: [1, 16, 256], format: [fp32, nf4, "
         "int8]}\ntargets: [{name: each-cpu, each: device_class}]\n"
         "search: [{find: crossover, axis: batch" +
         search + "}]\n" + more;
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

// Times over the baseline's: nf4 wins below batch 40, int8 everywhere, on c_fc; on c_proj nothing
// wins.
double RatioOf(const v1::BlockArm& arm) {
  if (arm.role() != v1::ARM_ROLE_CANDIDATE) return 1;
  if (arm.labels().at("layer") == "gpt2/mlp.c_proj") return 1.5;
  if (arm.spec().format() == "int8") return 0.5;
  return std::pow(arm.spec().linear().batch() / 40.0, 0.3);
}

v1::BlockResult ResultOf(const v1::Grant& grant) {
  v1::BlockResult result = testing::ResultOf(grant.block(), grant.epoch());
  std::mt19937_64 random(grant.block().order_seed());  // equal for equal blocks
  std::normal_distribution<double> spread(0, 0.002);
  for (int i = 0; i < result.measurements_size(); ++i) {
    v1::Measurement& measurement = *result.mutable_measurements(i);
    const double seconds = 1e-3 * RatioOf(grant.block().arms(i));
    for (v1::Round& round : *measurement.mutable_rounds()) {
      const double noise = std::exp(spread(random));
      for (double& sample : *round.mutable_seconds()) sample = seconds * noise;
    }
    measurement.mutable_summary()->set_median_seconds(seconds);
  }
  return result;
}

// Runs what the session is given until it is given nothing.
int RunAll(Connection& db, const std::string& session) {
  for (int blocks = 0;; ++blocks) {
    const auto grant = testing::SyncIdle(db, session);
    QF_CHECK(grant.ok());
    if (!grant->has_start()) return blocks;
    const auto stored = StoreResult(db, session, ResultOf(grant->start()));
    QF_CHECK(stored.ok() && stored->disposition() == v1::DISPOSITION_ACCEPTED);
  }
}

void Search(Connection& db) {
  Searcher searcher;
  for (bool more = true; more;) {
    const auto advanced = searcher.Advance(db);
    ASSERT_TRUE(advanced.ok()) << advanced.status().ToString();
    more = *advanced;
  }
}

// Runs and searches until nothing moves; blocks that were run.
int RunToEnd(Connection& db, const std::string& session) {
  int blocks = 0;
  for (int more = 1; more > 0; blocks += more) {
    more = RunAll(db, session);
    Search(db);
    EXPECT_EQ(Contradictions(db), "");
  }
  return blocks;
}

v1::MatrixState StateOf(Connection& db, const std::string& id) {
  return GetMatrix(db, id)->state();
}

v1::Crossover CurveOf(Connection& db, const std::string& id, const std::string& layer,
                      const std::string& format) {
  const auto stored = ListCrossovers(db, id);
  QF_CHECK(stored.ok());
  for (const v1::Crossover& crossover : stored->crossovers()) {
    const auto& labels = crossover.labels();
    if (labels.at("layer") == layer && labels.at("format") == format) return crossover;
  }
  return {};
}

TEST(SearchStoreTest, AddsPointsUntilNeighboursDecideAndStoresWhatItFound) {
  Connection db(testing::NewDatabase());
  const std::string session = Open(db, HelloOf("a", "host-a", 2));
  const std::string id = Submit(db, Document(""));
  EXPECT_EQ(GetMatrix(db, id)->blocks_total(), 6u);
  EXPECT_EQ(RunAll(db, session), 6);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_RUNNING) << "points are to be added";
  Search(db);
  // Between 16, where nf4 wins, and 256, only of c_fc and nf4: baseline, null and candidate.
  EXPECT_EQ(GetMatrix(db, id)->blocks_total(), 7u);
  EXPECT_EQ(Scalar(db, "SELECT target || ' ' || arms FROM block WHERE ordinal = 6"), "each-cpu 3");
  EXPECT_EQ(Scalar(db, "SELECT axis_value FROM search_block"), "64");
  EXPECT_THAT(GetMatrix(db, id)->waiting(), Contains(HasSubstr("blocks added 1")));
  EXPECT_EQ(CurveOf(db, id, "gpt2/mlp.c_fc", "nf4").search().outcome(), v1::SEARCH_OUTCOME_RUNNING);

  RunToEnd(db, session);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
  const v1::Crossover found = CurveOf(db, id, "gpt2/mlp.c_fc", "nf4");
  EXPECT_EQ(found.kind(), v1::CROSSOVER_KIND_STOPS_WINNING);
  EXPECT_EQ(found.search().outcome(), v1::SEARCH_OUTCOME_RESOLVED);
  ASSERT_EQ(found.flips_size(), 1);
  EXPECT_NEAR(found.flips(0).estimate(), 40, 1.5);
  EXPECT_LE(found.flips(0).to() - found.flips(0).from(), 4);
  EXPECT_GE(found.search().added_size(), 4);
  EXPECT_LE(found.search().added_size(), 8);
  EXPECT_EQ(CurveOf(db, id, "gpt2/mlp.c_fc", "int8").kind(), v1::CROSSOVER_KIND_WINS_EVERYWHERE);
  EXPECT_EQ(CurveOf(db, id, "gpt2/mlp.c_proj", "nf4").kind(), v1::CROSSOVER_KIND_NEVER_WINS);
  EXPECT_EQ(CurveOf(db, id, "gpt2/mlp.c_proj", "nf4").search().added_size(), 0);
  EXPECT_EQ(Scalar(db, "SELECT count(*) || ' ' || count(estimate) FROM crossover"), "4 1");
  // What is read from all results says the same.
  const auto comparison = CompareMatrix(db, id);
  ASSERT_TRUE(comparison.ok());
  int same = 0;
  for (const v1::Crossover& crossover : comparison->crossovers()) {
    v1::Crossover stored =
        CurveOf(db, id, crossover.labels().at("layer"), crossover.labels().at("format"));
    stored.clear_search();
    same += stored.sentence() == crossover.sentence() ? 1 : 0;
  }
  EXPECT_EQ(same, 4);
}

TEST(SearchStoreTest, ReplicasTogetherAddEachPointOnce) {
  const std::string conninfo = testing::NewDatabase();
  Connection alone(testing::NewDatabase());
  const std::string one = Open(alone, HelloOf("a", "host-a", 2));
  Submit(alone, Document("", "repeat: 2\n"));
  const int blocks = RunToEnd(alone, one);

  Connection db(conninfo);
  const std::string session = Open(db, HelloOf("a", "host-a", 2));
  const std::string id = Submit(db, Document("", "repeat: 2\n"));
  std::atomic<bool> over = false;
  std::vector<std::thread> replicas;
  replicas.reserve(3);
  for (int i = 0; i < 3; ++i) {
    replicas.emplace_back([&] {
      Connection own(conninfo);
      Searcher searcher;
      while (!over) EXPECT_TRUE(searcher.Advance(own).ok());
    });
  }
  int together = 0;
  while (StateOf(db, id) == v1::MATRIX_STATE_RUNNING) together += RunAll(db, session);
  over = true;
  for (std::thread& replica : replicas) replica.join();
  EXPECT_EQ(together, blocks);
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM search_block"),
            Scalar(alone, "SELECT count(*) FROM search_block"));
  EXPECT_EQ(Scalar(db, "SELECT count(DISTINCT axis_value) * 2 FROM search_block"),
            Scalar(db, "SELECT count(*) FROM search_block"));
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
  EXPECT_EQ(Contradictions(db), "");
}

TEST(SearchStoreTest, WhoDiesWhileAddingLeavesNothingOfIt) {
  const std::string conninfo = testing::NewDatabase();
  Connection db(conninfo);
  const std::string session = Open(db, HelloOf("a", "host-a", 2));
  const std::string id = Submit(db, Document(""));
  std::atomic<bool> over = false;
  std::thread killer([&] {
    Connection other(conninfo);
    while (!over) {
      Scalar(other,
             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name "
             "= 'victim' AND (query LIKE '%INSERT INTO search_block%' OR query LIKE '%INSERT INTO "
             "block %' OR query LIKE '%INSERT INTO crossover%' OR query LIKE '%FOR UPDATE%')");
    }
  });
  Connection victim(conninfo + " application_name=victim");
  Searcher searcher;
  int cut_off = 0, blocks = 0;
  while (StateOf(db, id) == v1::MATRIX_STATE_RUNNING && cut_off < 500) {
    blocks += RunAll(db, session);
    if (!searcher.Advance(victim).ok()) ++cut_off;
    ASSERT_EQ(Scalar(db, "SELECT count(*) - (SELECT count(*) FROM search_block) FROM block"), "6");
    ASSERT_EQ(Contradictions(db), "");
    if (cut_off >= 20) over = true;
  }
  over = true;
  killer.join();
  EXPECT_GT(cut_off, 0);
  Search(db);
  RunToEnd(db, session);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
  EXPECT_EQ(Scalar(db, "SELECT count(DISTINCT axis_value) FROM search_block"),
            Scalar(db, "SELECT count(*) FROM search_block"));
}

TEST(SearchStoreTest, ACancelStopsItAndARetrySearchesAnew) {
  Connection db(testing::NewDatabase());
  const std::string session = Open(db, HelloOf("a", "host-a", 2));
  const std::string id = Submit(db, Document(""));
  RunAll(db, session);
  Search(db);
  ASSERT_TRUE(CancelMatrix(db, id).ok());
  Search(db);
  EXPECT_EQ(RunAll(db, session), 0);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_CANCELLED);
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(id);
  ASSERT_TRUE(RetryMatrix(db, retry).ok());
  RunToEnd(db, session);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
  const auto first = CurveOf(db, id, "gpt2/mlp.c_fc", "nf4");
  EXPECT_EQ(first.search().outcome(), v1::SEARCH_OUTCOME_RESOLVED);
  // Of a matrix that has ended, the same: every line is measured and settled again.
  ASSERT_TRUE(RetryMatrix(db, retry).ok());
  RunToEnd(db, session);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
  EXPECT_EQ(CurveOf(db, id, "gpt2/mlp.c_fc", "nf4").sentence(), first.sentence());
}

TEST(SearchStoreTest, ABlockThatIsGivenUpDoesNotHoldItBack) {
  Connection db(testing::NewDatabase());
  const std::string session = Open(db, HelloOf("a", "host-a", 2), testing::AtOnce(1));
  const std::string id = Submit(db, Document(""));
  RunAll(db, session);
  Search(db);
  const auto grant = testing::SyncIdle(db, session);
  ASSERT_TRUE(grant.ok() && grant->has_start());
  v1::BlockFailure failure;
  failure.set_block_id(grant->start().block().block_id());
  failure.set_epoch(grant->start().epoch());
  failure.set_reason("broken");
  ASSERT_TRUE(StoreFailure(db, failure, testing::AtOnce(1)).ok());
  Search(db);
  EXPECT_EQ(Scalar(db, "SELECT count(DISTINCT axis_value) FROM search_block"), "2");
  RunToEnd(db, session);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_FAILED) << "one block is";
  EXPECT_EQ(CurveOf(db, id, "gpt2/mlp.c_fc", "nf4").search().outcome(),
            v1::SEARCH_OUTCOME_RESOLVED);
}

TEST(SearchStoreTest, PointsAndArmsAreBounded) {
  Connection db(testing::NewDatabase());
  const std::string session = Open(db, HelloOf("a", "host-a", 2));
  const std::string few = Submit(db, Document(", max_points: 2"));
  RunToEnd(db, session);
  EXPECT_EQ(StateOf(db, few), v1::MATRIX_STATE_COMPLETED);
  const v1::Crossover spent = CurveOf(db, few, "gpt2/mlp.c_fc", "nf4");
  EXPECT_EQ(spent.search().outcome(), v1::SEARCH_OUTCOME_POINTS_SPENT);
  EXPECT_EQ(spent.search().added_size(), 2);

  matrix::Limits limits;
  limits.max_arms = 24 + 3 + 2;  // of the file, of one added block, and too few
  const std::string small = Submit(db, Document(", resolution: 2"), limits);
  RunToEnd(db, session);
  EXPECT_EQ(StateOf(db, small), v1::MATRIX_STATE_COMPLETED);
  EXPECT_EQ(GetMatrix(db, small)->arms_total(), 27u);
  EXPECT_EQ(CurveOf(db, small, "gpt2/mlp.c_fc", "nf4").search().outcome(),
            v1::SEARCH_OUTCOME_POINTS_SPENT);
}

TEST(SearchStoreTest, AClassThatJoinsIsSearchedAsWell) {
  Connection db(testing::NewDatabase());
  const std::string first = Open(db, HelloOf("a", "host-a", 2));
  std::string document = Document(", resolution: 8");
  document.replace(document.find("device_class}"), 13, "device_class, join: later}");
  const std::string id = Submit(db, document);
  RunToEnd(db, first);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_RUNNING);
  const std::string added = Scalar(db, "SELECT count(*) FROM search_block");
  const std::string second = Open(db, HelloOf("b", "host-b", 4));
  ASSERT_TRUE(*AdmitJoiners(db));
  Expander expander;
  while (*expander.Advance(db)) {
  }
  RunToEnd(db, second);
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM search_block WHERE device_class = 'cpu/test/4t'"),
            added);
  EXPECT_EQ(RunAll(db, first), 0) << "each class has its own points";
  Scalar(db, "UPDATE joining SET until_time = clock_timestamp() RETURNING 1");
  ASSERT_TRUE(*AdmitJoiners(db));
  Search(db);
  EXPECT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
  EXPECT_EQ(Scalar(db, "SELECT count(*) || ' ' || count(DISTINCT device_class) FROM crossover"),
            "8 2");
}

// All of a matrix as its archive has it, gone and back.
TEST(SearchStoreTest, AnArchiveKeepsWhatWasFoundAndWhoJoined) {
  Connection db(testing::NewDatabase());
  const std::string session = Open(db, HelloOf("a", "host-a", 2));
  std::string document = Document(", max_points: 2");
  document.replace(document.find("device_class}"), 13, "device_class, join: later, join_for: 1s}");
  const std::string id = Submit(db, document);
  RunToEnd(db, session);
  Scalar(db, "UPDATE joining SET until_time = clock_timestamp() RETURNING 1");
  ASSERT_TRUE(*AdmitJoiners(db));
  Search(db);
  ASSERT_EQ(StateOf(db, id), v1::MATRIX_STATE_COMPLETED);
  const auto count = [&] {
    std::string counts;
    for (const char* table :
         {"joining", "joined", "search", "search_block", "search_line", "crossover"}) {
      counts += Scalar(db, std::string("SELECT count(*) FROM ") + table) + " ";
    }
    return counts;
  };
  const std::string before = count();
  EXPECT_EQ(before, "1 1 1 2 2 4 ");
  const v1::ListCrossoversResponse found = *ListCrossovers(db, id);

  std::vector<std::pair<std::string, std::string>> rows;
  ASSERT_TRUE(ReadMatrixRows(db, id, [&](const ArchiveRow& row) {
                rows.emplace_back(row.table, row.json);
                return OkStatus();
              }).ok());
  Scalar(db, "UPDATE matrix SET archive_time = clock_timestamp() RETURNING 1");
  ASSERT_TRUE(RemoveMatrix(db, id, {}).ok());
  EXPECT_EQ(count(), "0 0 0 0 0 0 ");
  for (const auto& [table, json] : rows) ASSERT_TRUE(RestoreRows(db, table, {json}).ok()) << table;
  ASSERT_TRUE(EndRestore(db, id, {}).ok());
  EXPECT_EQ(count(), before);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*ListCrossovers(db, id), found));
}

TEST(SearchStoreTest, WhySaysThatItSearches) {
  Connection db(testing::NewDatabase());
  Open(db, HelloOf("a", "host-a", 2));
  v1::ExplainBlocksRequest why;
  why.set_id(Submit(db, Document("")));
  const auto standings = ExplainBlocks(db, why);
  ASSERT_TRUE(standings.ok());
  EXPECT_EQ(standings->standings().rbegin()->cause(), v1::STANDING_CAUSE_SEARCHING);
  EXPECT_EQ(ListCrossovers(db, "mtx_none").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace quantfleet::postgres
