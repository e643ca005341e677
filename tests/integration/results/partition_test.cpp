// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Results lie in partitions by block id, made before they are needed and removed when empty.
#include <filesystem>
#include <thread>

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "coordinator/archive/archive.hpp"
#include "coordinator/postgres/migrator.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "coordinator/postgres/results/partitions.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/postgres.hpp"

namespace quantfleet::postgres {
namespace {

using testing::Scalar;

constexpr size_t kVersionBefore = 10;  // the last one without partitions

std::string Ranges(Connection& db) {
  return Scalar(db,
                "SELECT string_agg(low || '-' || high, ' ' ORDER BY low) FROM result_partition");
}

// The next block gets this id.
void ContinueAt(Connection& db, int64_t id) {
  Scalar(db, "SELECT setval(pg_get_serial_sequence('block', 'block_id'), " + std::to_string(id) +
                 ", false)");
}

class PartitionTest : public ::testing::Test {
 protected:
  // A matrix of one block, measured; its id.
  std::string Measured(const std::string& request) {
    const std::string id = SubmitMatrix(db_, testing::SubmissionOf(request, 1))->matrix.matrix_id();
    Measure();
    return id;
  }
  // Runs the next block.
  void Measure(int salt = 0) {
    const std::string session = testing::Open(db_, testing::HelloOf("agent"));
    const v1::Grant grant = testing::SyncIdle(db_, session)->start();
    sent_ = testing::ResultOf(grant.block(), grant.epoch(), salt);
    const auto verdict = StoreResult(db_, session, sent_);
    EXPECT_TRUE(verdict.ok() && verdict->disposition() == v1::DISPOSITION_ACCEPTED);
  }
  // That the measurements of the matrix come back as they were sent.
  void ExpectWhole(const std::string& matrix_id) {
    v1::ListMeasurementsRequest request;
    request.set_matrix_id(matrix_id);
    const auto page = ListMeasurements(db_, request);
    ASSERT_TRUE(page.ok()) << page.status().ToString();
    ASSERT_EQ(page->results_size(), 1);
    for (int i = 0; i < sent_.measurements_size(); ++i) {
      EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
          page->results(0).rows(i).measurement(), sent_.measurements(i)));
    }
  }

  std::string conninfo_ = testing::NewDatabase();
  Connection db_{conninfo_};
  v1::BlockResult sent_;
};

TEST_F(PartitionTest, SamplesAreOneRowAnArm) {
  const std::string id = Measured("first");
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM arm_samples"),
            std::to_string(sent_.measurements_size()));
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM sample"), "0");
  ExpectWhole(id);
}

TEST_F(PartitionTest, RoundsOfUnequalLengthComeBackAsSent) {
  ASSERT_TRUE(SubmitMatrix(db_, testing::SubmissionOf("odd", 1)).ok());
  const std::string session = testing::Open(db_, testing::HelloOf("agent"));
  const v1::Grant grant = testing::SyncIdle(db_, session)->start();
  sent_ = testing::ResultOf(grant.block(), grant.epoch());
  sent_.mutable_measurements(0)->mutable_rounds(1)->add_seconds(1.0 / 3);
  sent_.mutable_measurements(0)->mutable_rounds(2)->clear_seconds();
  sent_.mutable_measurements(0)->mutable_rounds()->SwapElements(0, 3);
  ASSERT_EQ(StoreResult(db_, session, sent_)->disposition(), v1::DISPOSITION_ACCEPTED);
  ExpectWhole(Scalar(db_, "SELECT matrix_id FROM matrix"));
}

TEST_F(PartitionTest, SamplesOfTheVersionBeforeAreRead) {
  const std::string id = Measured("first");
  Scalar(db_, R"(
    WITH gone AS (DELETE FROM arm_samples RETURNING *)
    INSERT INTO sample (block_id, arm_index, round, position, seconds)
    SELECT block_id, arm_index, round, position,
           seconds[1 + coalesce(sum(count) OVER before, 0) : coalesce(sum(count) OVER before, 0) + count]
    FROM gone, unnest(round_numbers, positions, counts) AS r (round, position, count)
    WINDOW before AS (PARTITION BY block_id, arm_index ORDER BY round ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    RETURNING 1)");
  ExpectWhole(id);
}

TEST_F(PartitionTest, SamplesThatARetryOfTheVersionBeforeLeftBehindAreReplaced) {
  const std::string id = Measured("first");
  const std::string left = Scalar(db_, "SELECT json_agg(s) FROM arm_samples AS s");
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(id);
  ASSERT_TRUE(RetryMatrix(db_, retry).ok());
  ASSERT_EQ(Scalar(db_, "SELECT count(*) FROM arm_samples"), "0");
  Scalar(db_, "INSERT INTO arm_samples SELECT * FROM json_populate_recordset(NULL::arm_samples, '" +
                  left + "') RETURNING 1");
  Measure(1);
  ExpectWhole(id);
}

TEST_F(PartitionTest, ABlockHasItsPartitionBeforeItsResult) {
  EXPECT_EQ(Ranges(db_), "0-2000000");
  ContinueAt(db_, 7999999);
  ASSERT_TRUE(SubmitMatrix(db_, testing::SubmissionOf("edge", 2)).ok());
  EXPECT_EQ(Ranges(db_), "0-2000000 7000000-8000000 8000000-9000000");
  ASSERT_TRUE(MakePartitionsAhead(db_).ok());
  EXPECT_EQ(Ranges(db_),
            "0-2000000 7000000-8000000 8000000-9000000 9000000-10000000 10000000-11000000");
  Measure(0);
  Measure(1);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM measurement_7000000"), "3");
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM measurement_8000000"), "3");
}

TEST_F(PartitionTest, ManyAtOnceMakeEachPartitionOnce) {
  ContinueAt(db_, 5000000);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Connection own(conninfo_);
      EXPECT_TRUE(SubmitMatrix(own, testing::SubmissionOf("r" + std::to_string(i), 3)).ok());
      EXPECT_TRUE(MakePartitionsAhead(own).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Ranges(db_), "0-2000000 5000000-6000000 6000000-7000000 7000000-8000000");
}

TEST_F(PartitionTest, WhatIsArchivedLeavesNoPartitionBehindAndComesBack) {
  std::string folder = (std::filesystem::temp_directory_path() / "partition.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ContinueAt(db_, 3000000);
  const std::string id = Measured("old");
  const v1::BlockResult sent = sent_;
  ContinueAt(db_, 4000000);
  const std::string kept = Measured("kept");
  EXPECT_TRUE(*DropEmptyPartitions(db_)) << "nothing was ever in the first one";
  EXPECT_FALSE(*DropEmptyPartitions(db_));
  EXPECT_EQ(Ranges(db_), "3000000-4000000 4000000-5000000");
  Scalar(db_,
         "UPDATE matrix SET end_time = 'infinity' WHERE matrix_id = '" + kept + "' RETURNING 1");
  const auto files = ArchiveMatrices(db_, folder, 0);
  ASSERT_TRUE(files.ok() && files->size() == 1);
  EXPECT_TRUE(*DropEmptyPartitions(db_));
  EXPECT_EQ(Ranges(db_), "4000000-5000000");
  EXPECT_EQ(Scalar(db_, "SELECT coalesce(to_regclass('arm_samples_3000000')::text, 'none')"),
            "none");
  ASSERT_TRUE(RestoreMatrix(db_, files->front()).ok());
  EXPECT_EQ(Ranges(db_), "3000000-4000000 4000000-5000000");
  sent_ = sent;
  ExpectWhole(id);
  EXPECT_FALSE(*DropEmptyPartitions(db_)) << "it is in use again";
  std::filesystem::remove_all(folder);
}

TEST_F(PartitionTest, WhoReadsForLongIsNotWaitedFor) {
  ContinueAt(db_, 3000000);
  Measured("later");
  Connection reader(conninfo_);
  ASSERT_TRUE(reader
                  .Run([&](Transaction& tx) -> Status {
                    QF_RETURN_IF_ERROR(tx.Query("SELECT count(*) FROM measurement").status());
                    const auto dropped = DropEmptyPartitions(db_);
                    EXPECT_TRUE(dropped.ok());
                    EXPECT_FALSE(*dropped);
                    return OkStatus();
                  })
                  .ok());
  EXPECT_TRUE(*DropEmptyPartitions(db_));
}

// The rows of a database of the version before become the first partition as they are.
TEST(Partition, WhatWasThereIsTheFirstPartition) {
  Connection db(testing::PostgresServer::Get().NewSchema());
  ASSERT_TRUE(Migrate(db, Migrations().subspan(0, kVersionBefore)).ok());
  for (const char* sql :
       {"INSERT INTO matrix (matrix_id, principal, request_id, name, document, document_sha256, "
        "priority, state) "
        "VALUES ('m', 'p', 'r', 'n', 'd', 's', 0, 'running') RETURNING 1",
        "INSERT INTO requirement_class (sha256, requirement) VALUES ('s', '') RETURNING 1",
        "SELECT setval(pg_get_serial_sequence('block', 'block_id'), 2500000, false)",
        "INSERT INTO block (matrix_id, ordinal, class_id, target, arms, spec, state) "
        "SELECT 'm', n, 1, 't', 1, '', 'done' FROM generate_series(0, 99) AS n RETURNING 1",
        "INSERT INTO block_result (block_id, epoch, digest, run_id, session_id, run_seconds, "
        "header) "
        "SELECT block_id, 1, '', '', '', 1, '' FROM block RETURNING 1",
        "INSERT INTO measurement (block_id, arm_index, arm_id, role, format, kernel, outcome, "
        "grade, weight_bytes, "
        "detail) SELECT block_id, 0, '', '', '', '', '', '', 1, '' FROM block RETURNING 1",
        "INSERT INTO ratio SELECT block_id, 0, 1, 1, 1, 1, '', '', 1 FROM block RETURNING 1",
        "INSERT INTO sample SELECT block_id, 0, 0, 0, ARRAY[0.5] FROM block RETURNING 1"}) {
    Scalar(db, sql);
  }
  ASSERT_TRUE(Migrate(db, Migrations()).ok());
  EXPECT_EQ(Ranges(db), "0-4000000");
  for (const char* table : {"block_result", "measurement", "ratio"}) {
    EXPECT_EQ(
        Scalar(db, std::string("SELECT count(*) || ' ' || min(tableoid::regclass::text) FROM ") +
                       table),
        std::string("100 ") + table + "_0");
  }
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM sample"), "100");
}

}  // namespace
}  // namespace quantfleet::postgres
