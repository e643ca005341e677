// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Large matrices are made and queued bit by bit: the same blocks whoever makes them, and no more of
// them in the queue than it is to hold.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/matrix/canonical.hpp"
#include "coordinator/postgres/blocks/standing.hpp"
#include "coordinator/postgres/expansion/expand.hpp"
#include "coordinator/postgres/expansion/feed.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using ::testing::Contains;
using testing::Contradictions;
using ::testing::HasSubstr;
using testing::Scalar;

// 2 * `batches` blocks of three arms each, on two targets.
std::string Document(int batches) {
  return "version: 1\nname: large\nworkload: linear\nbaseline: {format: fp32}\n"
         "axes: {layer: gpt2/mlp.c_fc, batch: {range: [1, " +
         std::to_string(batches) +
         ", 1]}, format: [fp32, nf4]}\n"
         "targets: [{name: two, where: {threads: 2}}, {name: four, where: {threads: 4}}]\n";
}

struct Made {
  std::shared_ptr<const matrix::Matrix> matrix;
  matrix::Plan plan;
  std::string matrix_id;
};

Submission SubmissionOf(const std::string& document, Made* made) {
  made->matrix = matrix::ParseMatrix(document, "m").matrix;
  QF_CHECK(made->matrix != nullptr);
  made->plan = matrix::PlanMatrix(*made->matrix, {});
  Submission submission;
  submission.principal = "tester";
  submission.request_id = "request " + document;
  submission.name = made->matrix->name;
  submission.document = document;
  submission.plan = made->plan;
  submission.blocks = FirstBlocks(made->matrix, made->plan);
  return submission;
}

Made SubmitDocument(Connection& db, const std::string& document) {
  Made made;
  const auto outcome = SubmitMatrix(db, SubmissionOf(document, &made));
  QF_CHECK(outcome.ok());
  made.matrix_id = outcome->matrix.matrix_id();
  EXPECT_EQ(outcome->matrix.blocks_total(), made.plan.blocks);
  EXPECT_EQ(outcome->matrix.arms_total(), made.plan.arms);
  return made;
}

void MakeAll(Connection& db) {
  Expander expander;
  for (bool more = true; more;) {
    const auto advanced = expander.Advance(db);
    ASSERT_TRUE(advanced.ok()) << advanced.status().ToString();
    more = *advanced;
  }
}

// Every block there is, in order of ordinals, and in their order of ids as well.
void ExpectBlocks(Connection& db, const Made& made, uint64_t count) {
  const matrix::BlockMaker maker(made.matrix, made.plan.TargetNames());
  uint64_t ordinal = 0;
  ASSERT_TRUE(db.Run([&](Transaction& tx) -> Status {
                  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT ordinal, spec, target, arms, requirement FROM block JOIN requirement_class USING (class_id)
      WHERE matrix_id = $1 ORDER BY block_id)",
                                                                {made.matrix_id}));
                  for (const auto& row : rows) {
                    const v1::Block block = maker.At(ordinal);
                    EXPECT_EQ(row["ordinal"].as<uint64_t>(), ordinal);
                    EXPECT_EQ(FromBytea(row["spec"]), matrix::StableBytes(block)) << ordinal;
                    EXPECT_EQ(row["target"].as<std::string>(), block.target());
                    EXPECT_EQ(row["arms"].as<int>(), block.arms_size());
                    const auto& copy = made.plan.copies[maker.CopyOf(ordinal)];
                    EXPECT_EQ(row["requirement"].as<std::string>(), copy.requirement.ToJson());
                    ++ordinal;
                  }
                  return OkStatus();
                }).ok());
  EXPECT_EQ(ordinal, count);
}

TEST(ExpansionStoreTest, ASmallMatrixIsThereAtOnce) {
  Connection db(testing::NewDatabase());
  const Made made = SubmitDocument(db, Document(10));
  ExpectBlocks(db, made, 20);
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM expansion"), "0");
  EXPECT_EQ(GetMatrix(db, made.matrix_id)->blocks_ready(), 20u);
  EXPECT_EQ(Contradictions(db), "");
}

TEST(ExpansionStoreTest, ALargeOneIsCountedAtOnceAndMadeByWhoeverGoesOn) {
  Connection db(testing::NewDatabase());
  const Made made = SubmitDocument(db, Document(9000));
  const auto first = GetMatrix(db, made.matrix_id);
  EXPECT_EQ(first->blocks_total(), 18000u);
  EXPECT_EQ(first->arms_total(), 54000u);
  EXPECT_LT(first->blocks_ready(), 3000u);
  EXPECT_EQ(first->blocks_pending(), 18000u - first->blocks_ready());
  EXPECT_THAT(first->waiting(), Contains(HasSubstr("of 18000 blocks are made")));
  v1::ExplainBlocksRequest why;
  why.set_id(made.matrix_id);
  const auto standings = ExplainBlocks(db, why);
  ASSERT_TRUE(standings.ok());
  EXPECT_EQ(standings->standings().rbegin()->cause(), v1::STANDING_CAUSE_PENDING);

  uint64_t version = first->version();
  for (bool more = true; more;) {
    Expander expander;  // each chunk by another replica, which knows nothing of the former ones
    more = *expander.Advance(db);
    EXPECT_EQ(Contradictions(db), "");
    const auto now = GetMatrix(db, made.matrix_id);
    EXPECT_EQ(now->blocks_total(), 18000u);
    EXPECT_EQ(now->blocks_pending() + now->blocks_ready(), 18000u);
    if (more) {
      EXPECT_GT(now->version(), version) << "who watches sees it";
    }
    version = now->version();
  }
  ExpectBlocks(db, made, 18000);
  EXPECT_EQ(GetMatrix(db, made.matrix_id)->waiting_size(), 2) << "no device, for two targets";
}

TEST(ExpansionStoreTest, ReplicasTogetherMakeEachBlockOnce) {
  const std::string conninfo = testing::NewDatabase();
  Connection db(conninfo);
  std::vector<Made> made;
  for (const int batches : {4000, 4001, 4002})
    made.push_back(SubmitDocument(db, Document(batches)));
  std::vector<std::thread> replicas;
  for (int i = 0; i < 3; ++i) {
    replicas.emplace_back([&] {
      Connection own(conninfo);
      Expander expander;
      while (Scalar(own, "SELECT count(*) FROM expansion WHERE state = 'running'") != "0") {
        EXPECT_TRUE(expander.Advance(own).ok());
        EXPECT_TRUE(FeedQueue(own).ok());
      }
    });
  }
  for (std::thread& replica : replicas) replica.join();
  for (const Made& one : made) ExpectBlocks(db, one, one.plan.blocks);
  EXPECT_EQ(Contradictions(db), "");
}

// A transaction that is cut off leaves no trace: the counter and the blocks are one.
TEST(ExpansionStoreTest, AChunkIsWholeOrNotThere) {
  const std::string conninfo = testing::NewDatabase();
  Connection db(conninfo);
  const Made made = SubmitDocument(db, Document(9000));
  // Cut off where a chunk is half written. Some get through: the statement may end before the
  // signal comes.
  std::atomic<int> cut_off = 0;
  std::thread killer([&] {
    Connection other(conninfo);
    while (cut_off < 5) {
      Scalar(other,
             "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE state = 'active' "
             "AND application_name = 'victim' AND query LIKE '%INSERT INTO block %'");
    }
  });
  Connection victim(conninfo + " application_name=victim");
  Expander expander;
  const auto running = [&] {
    return Scalar(db, "SELECT count(*) FROM expansion WHERE state = 'running'") != "0";
  };
  while (running()) {
    if (!expander.Advance(victim).ok()) ++cut_off;
    ASSERT_EQ(Scalar(db, "SELECT sum(blocks_made) - (SELECT count(*) FROM block) FROM expansion"),
              "0");
  }
  EXPECT_GE(cut_off, 5);
  cut_off = 5;
  killer.join();
  ExpectBlocks(db, made, 18000);
}

TEST(ExpansionStoreTest, ACancelStopsItAndARetryGoesOn) {
  Connection db(testing::NewDatabase());
  const Made made = SubmitDocument(db, Document(9000));
  Expander expander;
  ASSERT_TRUE(*expander.Advance(db));
  const std::string before = Scalar(db, "SELECT count(*) FROM block");
  const auto cancelled = CancelMatrix(db, made.matrix_id);
  ASSERT_TRUE(cancelled.ok()) << cancelled.status().ToString();
  EXPECT_EQ(cancelled->state(), v1::MATRIX_STATE_CANCELLED);
  EXPECT_EQ(cancelled->blocks_total(), 18000u);
  EXPECT_EQ(cancelled->blocks_cancelled(), 18000u) << "those never made count as well";
  EXPECT_FALSE(*expander.Advance(db));
  EXPECT_FALSE(*Expander().Advance(db));
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM block"), before);
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM ready"), "0");

  v1::RetryMatrixRequest request;
  request.set_matrix_id(made.matrix_id);
  request.set_failed_only(true);
  ASSERT_TRUE(RetryMatrix(db, request).ok());
  EXPECT_FALSE(*expander.Advance(db)) << "nothing failed";
  request.set_failed_only(false);
  const auto retried = RetryMatrix(db, request);
  ASSERT_TRUE(retried.ok()) << retried.status().ToString();
  EXPECT_EQ(retried->matrix().state(), v1::MATRIX_STATE_RUNNING);
  EXPECT_EQ(retried->matrix().blocks_cancelled(), 0u);
  MakeAll(db);
  ExpectBlocks(db, made, 18000);
  EXPECT_EQ(GetMatrix(db, made.matrix_id)->blocks_ready(), 18000u);
  EXPECT_EQ(Contradictions(db), "");
}

TEST(ExpansionStoreTest, AMatrixDoesNotEndBeforeItIsMade) {
  Connection db(testing::NewDatabase());
  const Made made = SubmitDocument(db, Document(3000));
  const auto give_all_up = [&] {
    // As if an agent had given up every block there is, but one that it runs.
    Scalar(db,
           "WITH gone AS (DELETE FROM ready WHERE block_id > (SELECT min(block_id) FROM ready) "
           "RETURNING block_id), over AS (UPDATE block SET state = 'failed' WHERE block_id IN "
           "(SELECT block_id FROM gone) RETURNING 1) UPDATE matrix SET blocks_open = blocks_open - "
           "(SELECT "
           "count(*) FROM over) RETURNING 1");
  };
  give_all_up();
  const std::string session =
      testing::Open(db, testing::HelloOf("agent", "host", 2), testing::AtOnce(1));
  const auto grant = testing::SyncIdle(db, session);
  ASSERT_TRUE(grant.ok() && grant->has_start());
  v1::BlockFailure failure;
  failure.set_block_id(grant->start().block().block_id());
  failure.set_epoch(grant->start().epoch());
  failure.set_reason("broken");
  ASSERT_TRUE(StoreFailure(db, failure, testing::AtOnce(1)).ok());
  EXPECT_EQ(GetMatrix(db, made.matrix_id)->state(), v1::MATRIX_STATE_RUNNING);
  EXPECT_TRUE(*Expander().Advance(db)) << "and goes on";
}

TEST(ExpansionStoreTest, TheQueueHoldsABoundedPartOfAMatrix) {
  Connection db(testing::NewDatabase());
  const Made made = SubmitDocument(db, Document(25000));
  MakeAll(db);
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM ready"), std::to_string(kMostQueued));
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM block WHERE state = 'pending'"), "30000");
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM feed"), "2") << "a class each";
  const auto feed = [&] {
    Scalar(db, "UPDATE feed SET not_before = '-infinity' RETURNING 1");  // no wait in the test
    while (*FeedQueue(db)) {
    }
  };
  // The first class's blocks fill what the queue holds; the second class has a queue of its own.
  feed();
  EXPECT_EQ(Scalar(db,
                   "SELECT string_agg(n::text, ' ') FROM (SELECT count(*) AS n FROM ready GROUP BY "
                   "class_id) AS c"),
            "20000 20000");
  EXPECT_EQ(Contradictions(db), "");
  // Pending blocks follow in their order when others have run.
  Scalar(db,
         "WITH gone AS (DELETE FROM ready WHERE block_id IN (SELECT block_id FROM ready ORDER BY "
         "block_id LIMIT 7000)"
         " RETURNING block_id), over AS (UPDATE block SET state = 'failed' WHERE block_id IN "
         "(SELECT block_id FROM gone)"
         " RETURNING 1) SELECT count(*) FROM over");
  feed();
  EXPECT_EQ(Scalar(db,
                   "SELECT count(*) || ' ' || max(ordinal) FROM block WHERE state = 'ready' AND "
                   "target = 'two'"),
            "18000 24999");
  EXPECT_EQ(Contradictions(db), "");

  // A cancel takes back what is queued; the rest follows.
  ASSERT_TRUE(CancelMatrix(db, made.matrix_id).ok());
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM ready"), "0");
  EXPECT_FALSE(*FeedQueue(db));
  Scalar(db, "UPDATE feed SET not_before = '-infinity' RETURNING 1");
  while (*SettleCancelled(db)) {
  }
  EXPECT_EQ(Scalar(db, "SELECT string_agg(DISTINCT state, ' ') FROM block"), "cancelled failed");
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM feed"), "0");
  EXPECT_EQ(GetMatrix(db, made.matrix_id)->blocks_cancelled(), 43000u);
}

TEST(ExpansionStoreTest, TheHigherPriorityIsMadeFirst) {
  Connection db(testing::NewDatabase());
  SubmitDocument(db, Document(9000));
  Made urgent;
  Submission submission = SubmissionOf(Document(5000), &urgent);
  submission.priority = 9;
  urgent.matrix_id = SubmitMatrix(db, submission)->matrix.matrix_id();
  Expander expander;
  const auto left = [&] {
    return Scalar(db, "SELECT count(*) FROM expansion WHERE state = 'running' AND matrix_id = '" +
                          urgent.matrix_id + "'");
  };
  int chunks = 0;
  for (; left() == "1"; ++chunks) ASSERT_TRUE(*expander.Advance(db));
  EXPECT_EQ(chunks, 3);
}

TEST(ExpansionStoreTest, QuotasCountArmsThatAreNotMade) {
  Connection db(testing::NewDatabase());
  SubmitDocument(db, Document(9000));
  Made more;
  Submission submission = SubmissionOf(Document(10), &more);
  submission.quota = Quota{0, 54000 + 59};
  EXPECT_EQ(SubmitMatrix(db, submission).status().code(), StatusCode::kResourceExhausted);
  submission.quota = Quota{0, 54000 + 60};
  EXPECT_TRUE(SubmitMatrix(db, submission).ok());
}

TEST(ExpansionStoreTest, ADocumentOfAnotherVersionIsPutOffAloud) {
  Connection db(testing::NewDatabase());
  const Made made = SubmitDocument(db, Document(9000));
  Scalar(db, "UPDATE expansion SET blocks_total = blocks_total + 1 RETURNING 1");
  EXPECT_TRUE(*Expander().Advance(db));
  EXPECT_FALSE(*Expander().Advance(db)) << "not before a minute";
  EXPECT_THAT(GetMatrix(db, made.matrix_id)->waiting(),
              Contains(HasSubstr("this version makes 18000 blocks of it, not 18001")));
}

}  // namespace
}  // namespace quantfleet::postgres
