// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/spool/spool.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include "agent/spool/spool_file.hpp"
#include "base/ids.hpp"

namespace quantfleet::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::ReportRequest ResultOf(const std::string& block, uint64_t epoch, const std::string& run) {
  v1::ReportRequest entry;
  v1::BlockResult& result = *entry.add_results();
  result.set_block_id(block);
  result.set_epoch(epoch);
  result.set_run_id(run);
  return entry;
}

class SpoolTest : public ::testing::Test {
 protected:
  ~SpoolTest() override { fs::remove_all(directory_); }

  std::unique_ptr<Spool> Open(SpoolLimits limits = {100, 0}) {
    auto spool = Spool::Open(directory_, limits);
    EXPECT_TRUE(spool.ok()) << spool.status().ToString();
    return spool.ok() ? *std::move(spool) : nullptr;
  }
  std::vector<fs::path> FilesWith(const std::string& suffix) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (entry.path().string().ends_with(suffix)) found.push_back(entry.path());
    }
    return found;
  }

  const std::string directory_ = fs::temp_directory_path() / RandomId("quantfleet-spool-");
};

TEST_F(SpoolTest, KeepsResultsOverRestarts) {
  {
    const auto spool = Open();
    ASSERT_TRUE(spool->Put(ResultOf("../odd/block", 7, "run_1")).ok());
    ASSERT_TRUE(spool->Put(ResultOf("other", 1, "run_2")).ok());
  }
  const auto spool = Open();
  EXPECT_THAT(spool->Pending(), ElementsAre(SpoolKey{"../odd/block", 7}, SpoolKey{"other", 1}));
  const auto entry = spool->Load({"../odd/block", 7});
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(entry->results(0).run_id(), "run_1");
}

TEST_F(SpoolTest, KeepsTheFirstOfABlockAndEpoch) {
  const auto spool = Open();
  ASSERT_TRUE(spool->Put(ResultOf("block", 1, "run_1")).ok());
  ASSERT_TRUE(spool->Put(ResultOf("block", 1, "run_2")).ok());
  EXPECT_EQ(spool->Load({"block", 1})->results(0).run_id(), "run_1");
  EXPECT_FALSE(spool->Contains({"block", 2}));
}

TEST_F(SpoolTest, AnEntryIsClaimedByOneAtATime) {
  const auto spool = Open();
  EXPECT_FALSE(spool->Claim({"block", 1}));
  ASSERT_TRUE(spool->Put(ResultOf("block", 1, "run_1")).ok());
  EXPECT_TRUE(spool->Claim({"block", 1}));
  EXPECT_FALSE(spool->Claim({"block", 1}));
  spool->Release({"block", 1});
  EXPECT_TRUE(spool->Claim({"block", 1}));
  spool->Forget({"block", 1});
  spool->Release({"block", 1});
  EXPECT_FALSE(spool->Claim({"block", 1}));
}

TEST_F(SpoolTest, ForgetsForGood) {
  {
    const auto spool = Open();
    ASSERT_TRUE(spool->Put(ResultOf("block", 1, "run_1")).ok());
    spool->Forget({"block", 1});
    EXPECT_EQ(spool->Load({"block", 1}).status().code(), StatusCode::kNotFound);
  }
  EXPECT_THAT(Open()->Pending(), IsEmpty());
}

TEST_F(SpoolTest, SetsDamagedFilesAside) {
  {
    const auto spool = Open();
    for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
      ASSERT_TRUE(spool->Put(ResultOf("block", epoch, "run")).ok());
    }
  }
  const auto files = FilesWith(".report");
  ASSERT_EQ(files.size(), 3U);
  fs::resize_file(files[0], fs::file_size(files[0]) - 1);
  std::fstream(files[1], std::ios::in | std::ios::out | std::ios::binary).write("Q", 1);
  EXPECT_EQ(Open()->Pending().size(), 1U);
  EXPECT_EQ(FilesWith(".corrupt").size(), 2U);
}

TEST_F(SpoolTest, SetsAsideWhatCannotBeRead) {
  Open();
  fs::create_directory(directory_ + "/a-folder.report");
  EXPECT_THAT(Open()->Pending(), IsEmpty());
  EXPECT_EQ(FilesWith(".corrupt").size(), 1U);
}

TEST_F(SpoolTest, SetsAFileAsideThatIsDamagedLater) {
  const auto spool = Open();
  ASSERT_TRUE(spool->Put(ResultOf("block", 1, "run")).ok());
  std::ofstream(FilesWith(".report").at(0)) << "nothing";
  EXPECT_EQ(spool->Load({"block", 1}).status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(spool->Pending(), IsEmpty());
  EXPECT_EQ(FilesWith(".corrupt").size(), 1U);
}

TEST_F(SpoolTest, DropsWhatACrashLeftUnfinished) {
  Open();
  std::ofstream(directory_ + "/half.report.tmp") << "quantfleet-spool 1 ";
  EXPECT_THAT(Open()->Pending(), IsEmpty());
  EXPECT_THAT(FilesWith(".tmp"), IsEmpty());
}

TEST_F(SpoolTest, KeepsARefusedResultOutOfTheWay) {
  const auto spool = Open();
  ASSERT_TRUE(spool->Put(ResultOf("block", 1, "run")).ok());
  spool->SetAside({"block", 1});
  EXPECT_THAT(spool->Pending(), IsEmpty());
  EXPECT_EQ(FilesWith(".refused").size(), 1U);
}

TEST_F(SpoolTest, TakesNoSecondProcess) {
  const auto spool = Open();
  const auto second = Spool::Open(directory_);
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), HasSubstr("another agent"));
}

TEST_F(SpoolTest, SaysWhyNoBlockIsTaken) {
  EXPECT_EQ(Open()->NotLeasingReason(), "");
  const SpoolLimits no_disk{100, std::numeric_limits<uint64_t>::max()};
  EXPECT_THAT(Open(no_disk)->NotLeasingReason(), HasSubstr("disk full"));
  const auto small = Open({1, 0});
  ASSERT_TRUE(small->Put(ResultOf("block", 1, "run")).ok());
  EXPECT_THAT(small->NotLeasingReason(), HasSubstr("1 results wait"));
}

TEST_F(SpoolTest, KeepsInMemoryWhatTheDiskRefuses) {
  const auto spool = Open();
  fs::remove_all(directory_);
  EXPECT_EQ(spool->Put(ResultOf("block", 1, "run_1")).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(spool->Load({"block", 1})->results(0).run_id(), "run_1");
  EXPECT_NE(spool->NotLeasingReason(), "");
}

// Lets files of this process grow no further than `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit limit{bytes, former_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &former_);
    signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  sighandler_t handler_;
  rlimit former_{};
};

TEST_F(SpoolTest, AWriteCutOffHalfwayLeavesNothing) {
  const auto spool = Open();
  {
    const FileSizeLimit limit(100);
    EXPECT_EQ(spool->Put(ResultOf("block", 1, std::string(1000, 'r'))).code(),
              StatusCode::kResourceExhausted);
  }
  EXPECT_THAT(FilesWith(".tmp"), IsEmpty());
  EXPECT_THAT(FilesWith(".report"), IsEmpty());
  EXPECT_THAT(spool->NotLeasingReason(), HasSubstr("could not be written"));
  spool->Forget({"block", 1});
  EXPECT_EQ(spool->NotLeasingReason(), "");
}

TEST(SpoolFileTest, EveryFlippedBitAndEveryCutIsSeen) {
  const std::string whole = EncodeSpoolFile(ResultOf("block", 1, "run"));
  ASSERT_TRUE(DecodeSpoolFile(whole).ok());
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(DecodeSpoolFile(damaged).status().code(), StatusCode::kDataLoss) << "byte " << i;
    EXPECT_FALSE(DecodeSpoolFile(whole.substr(0, i)).ok()) << "cut at " << i;
  }
}

}  // namespace
}  // namespace quantfleet::agent
