// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Matrices go to files and come back whole, wherever the way is cut off.
#include "coordinator/archive/archive.hpp"

#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/archive/archive_file.hpp"
#include "coordinator/postgres/archive/archive_rows.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Scalar;

// Every row of every table but those that say when something was done.
std::string Everything(Connection& db) {
  std::string all;
  for (const char* table :
       {"matrix", "expansion", "block", "attempt", "block_result", "measurement", "ratio",
        "arm_samples", "late_result", "session", "agent"}) {
    all += Scalar(db, std::string("SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM ") +
                          table + " AS t") +
           "\n";
  }
  return all;
}

class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest() {
    std::string pattern = (fs::temp_directory_path() / "quantfleet-archive.XXXXXX").string();
    QF_CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    session_ = testing::Open(db_, testing::HelloOf("agent"), testing::AtOnce(1));
  }
  ~ArchiveTest() override { fs::remove_all(folder_); }

  v1::Grant Take() {
    const auto answer = testing::SyncIdle(db_, session_);
    QF_CHECK(answer.ok() && answer->has_start());
    return answer->start();
  }
  void Measure(int salt) {
    const v1::Grant grant = Take();
    QF_CHECK(
        StoreResult(db_, session_, testing::ResultOf(grant.block(), grant.epoch(), salt)).ok());
  }
  // A matrix that is over: a block given up, others measured, one of them twice.
  std::string Ended(const std::string& request, int blocks = 3) {
    const std::string id =
        SubmitMatrix(db_, testing::SubmissionOf(request, blocks))->matrix.matrix_id();
    const v1::Grant grant = Take();
    v1::BlockFailure failure;
    failure.set_block_id(grant.block().block_id());
    failure.set_epoch(grant.epoch());
    failure.set_reason("it \"broke\" \\ with odd\ttext");
    QF_CHECK(StoreFailure(db_, failure, testing::AtOnce(1)).ok());
    for (int i = 1; i < blocks; ++i) Measure(i);
    v1::RetryMatrixRequest retry;
    retry.set_matrix_id(id);
    QF_CHECK(RetryMatrix(db_, retry).ok());
    for (int i = 0; i < blocks; ++i) Measure(10 + i);
    QF_CHECK(GetMatrix(db_, id)->state() == v1::MATRIX_STATE_COMPLETED);
    // The history of the retry came long ago.
    Scalar(db_,
           "UPDATE late_result SET receive_time = receive_time - interval '1 day' RETURNING 1");
    return id;
  }
  std::string OnlyFile() const {
    std::string found;
    int files = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      ++files;
      if (entry.path().extension() == ".gz") found = entry.path().string();
    }
    EXPECT_EQ(files, 2) << "the archive and its checksum";
    return found;
  }

  std::string conninfo_ = testing::NewDatabase();
  Connection db_{conninfo_};
  fs::path folder_;
  std::string session_;
};

TEST_F(ArchiveTest, AMatrixComesBackRowForRow) {
  const std::string id = Ended("first");
  const std::string before = Everything(db_);
  const auto comparison = CompareMatrix(db_, id);
  ASSERT_TRUE(comparison.ok());

  const auto paths = ArchiveMatrices(db_, folder_, 0);
  ASSERT_TRUE(paths.ok()) << paths.status().ToString();
  ASSERT_THAT(*paths, ElementsAre(OnlyFile()));
  for (const char* table : {"matrix", "block", "attempt", "block_result", "measurement", "ratio",
                            "arm_samples", "late_result"}) {
    EXPECT_EQ(Scalar(db_, std::string("SELECT count(*) FROM ") + table), "0") << table;
  }
  EXPECT_EQ(GetMatrix(db_, id).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(std::system(("cd " + folder_.string() + " && sha256sum --status -c *.sha256").c_str()),
            0);

  EXPECT_EQ(*RestoreMatrix(db_, paths->front()), id);
  EXPECT_EQ(*RestoreMatrix(db_, paths->front()), id) << "twice does no harm";
  EXPECT_EQ(Everything(db_), before);
  EXPECT_EQ(CompareMatrix(db_, id)->SerializeAsString().size(),
            comparison->SerializeAsString().size());
  // Its numbers are not given to others, and it can run again.
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(id);
  EXPECT_EQ(RetryMatrix(db_, retry)->blocks_queued(), 3u);
  EXPECT_EQ(testing::Contradictions(db_), "");
}

TEST_F(ArchiveTest, OnlyWhatEndedLongAgoGoes) {
  const std::string old = Ended("old", 2);
  Scalar(db_, "UPDATE matrix SET end_time = end_time - interval '10 days' RETURNING 1");
  const std::string fresh = Ended("fresh", 2);
  const std::string running =
      SubmitMatrix(db_, testing::SubmissionOf("running", 2))->matrix.matrix_id();
  ASSERT_EQ(ArchiveMatrices(db_, folder_, 9)->size(), 1u);
  EXPECT_THAT(OnlyFile(), HasSubstr(old));
  EXPECT_TRUE(GetMatrix(db_, fresh).ok());
  EXPECT_EQ(ArchiveMatrices(db_, folder_, 0)->size(), 1u);
  EXPECT_TRUE(GetMatrix(db_, running).ok());
}

TEST_F(ArchiveTest, NothingIsRetriedOnItsWayOut) {
  const std::string id = Ended("first");
  ASSERT_TRUE(BeginArchive(db_, 0)->has_value());
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(id);
  const auto retried = RetryMatrix(db_, retry);
  EXPECT_EQ(retried.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(retried.status().message(), HasSubstr("is being archived"));
}

// Killed after the file was noted and before it was in its place, or after some blocks were
// removed.
TEST_F(ArchiveTest, ARunThatWasCutOffIsFinishedByTheNext) {
  for (const bool published : {false, true}) {
    SCOPED_TRACE(published);
    const std::string id = Ended(published ? "second" : "first");
    const std::string before = Everything(db_);
    ASSERT_TRUE(BeginArchive(db_, 0)->has_value());
    ArchiveFile file;
    {
      const auto writer = ArchiveWriter::Create(folder_, id);
      ASSERT_TRUE(ReadMatrixRows(db_, id, [&](const ArchiveRow& row) {
                    return (*writer)->Add(row.table, row.json);
                  }).ok());
      file = {(*writer)->name(), *(*writer)->Finish()};
    }
    ASSERT_TRUE(*NoteArchived(db_, id, file));
    if (published) {
      ASSERT_TRUE(PublishArchive(folder_, file.name, file.sha256).ok());
      for (const char* table :
           {"arm_samples", "ratio", "measurement", "block_result", "attempt", "block"}) {
        Scalar(db_, std::string("DELETE FROM ") + table +
                        " WHERE block_id = (SELECT min(block_id) FROM block WHERE matrix_id = '" +
                        id + "') RETURNING 1");
      }
    }
    const auto paths = ArchiveMatrices(db_, folder_, 0);
    ASSERT_TRUE(paths.ok()) << paths.status().ToString();
    EXPECT_EQ(paths->front(), folder_ / file.name) << "not written anew from half of it";
    EXPECT_EQ(OnlyFile(), paths->front());
    ASSERT_TRUE(RestoreMatrix(db_, paths->front()).ok());
    EXPECT_EQ(Everything(db_), before);
    Scalar(db_, "UPDATE matrix SET end_time = 'infinity' RETURNING 1");
    for (const auto& entry : fs::directory_iterator(folder_)) fs::remove(entry);
  }
}

TEST_F(ArchiveTest, NothingIsRemovedWithoutItsFile) {
  const std::string id = Ended("first");
  ASSERT_TRUE(BeginArchive(db_, 0)->has_value());
  ASSERT_TRUE(*NoteArchived(db_, id, {"lost.jsonl.gz", std::string(64, 'a')}));
  EXPECT_EQ(ArchiveMatrices(db_, folder_, 0).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(*NoteArchived(db_, id, {"other.jsonl.gz", std::string(64, 'a')}));
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM block_result"), "3");
}

TEST_F(ArchiveTest, ADamagedFileIsRefused) {
  Ended("first");
  const std::string path = ArchiveMatrices(db_, folder_, 0)->front();
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const auto refused = [&](std::string damaged, bool checksum) {
    std::ofstream(path, std::ios::binary) << damaged;
    if (checksum) {
      const std::string sum = "sha256sum " + path + " > " + path + ".sha256";
      EXPECT_EQ(std::system(sum.c_str()), 0);
    }
    EXPECT_EQ(RestoreMatrix(db_, path).status().code(), StatusCode::kFailedPrecondition);
  };
  std::string flipped = bytes;
  flipped[flipped.size() / 2] ^= 1;
  refused(flipped, false);
  refused(bytes.substr(0, bytes.size() / 2), false);
  refused(bytes.substr(0, bytes.size() / 2), true);
  EXPECT_EQ(RestoreMatrix(db_, folder_ / "none.jsonl.gz").status().code(),
            StatusCode::kFailedPrecondition);
}

TEST_F(ArchiveTest, AFileOfAnotherDatabaseIsRefused) {
  Ended("first");
  const std::string path = ArchiveMatrices(db_, folder_, 0)->front();
  Connection other(testing::NewDatabase());
  const auto restored = RestoreMatrix(other, path);
  EXPECT_EQ(restored.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(restored.status().message(), HasSubstr("another database"));
  EXPECT_EQ(Scalar(other, "SELECT count(*) FROM matrix"), "0");
}

TEST_F(ArchiveTest, SeveralAtOnceLoseNothing) {
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(Ended("matrix " + std::to_string(i), 2));
  const std::string before = Everything(db_);
  std::vector<std::thread> archivers;
  for (int i = 0; i < 3; ++i) {
    archivers.emplace_back([&] {
      Connection own(conninfo_);
      // Removing the same matrix at once, one may be told to try again.
      while (Scalar(own, "SELECT count(*) FROM matrix") != "0") {
        static_cast<void>(ArchiveMatrices(own, folder_, 0));
      }
    });
  }
  for (std::thread& archiver : archivers) archiver.join();
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() != ".gz") continue;
    ++files;
    EXPECT_TRUE(RestoreMatrix(db_, entry.path()).ok()) << entry.path();
  }
  EXPECT_EQ(files, ids.size());
  EXPECT_EQ(Everything(db_), before);
}

TEST_F(ArchiveTest, TheProgramDoesBoth) {
  const std::string id = Ended("first");
  const std::string program = std::string("'") + QUANTFLEET_BINARY_DIR +
                              "/bin/quantfleet-coordinator' --database=\"" + conninfo_ + "\" ";
  ASSERT_EQ(
      std::system((program + "archive --older-than-days=0 --folder=" + folder_.string()).c_str()),
      0);
  EXPECT_EQ(GetMatrix(db_, id).status().code(), StatusCode::kNotFound);
  ASSERT_EQ(std::system((program + "restore-archive " + OnlyFile()).c_str()), 0);
  EXPECT_EQ(GetMatrix(db_, id)->blocks_done(), 3u);
}

}  // namespace
}  // namespace quantfleet::postgres
