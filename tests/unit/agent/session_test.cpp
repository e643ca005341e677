// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/session/session_loop.hpp"
#include "base/ids.hpp"

namespace quantfleet::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::SyncResponse Start(const std::string& block, uint64_t epoch) {
  v1::SyncResponse response;
  response.mutable_start()->set_epoch(epoch);
  response.mutable_start()->mutable_block()->set_block_id(block);
  return response;
}

// A coordinator by script: each call takes the next answer of its queue; when the queue is empty,
// idle syncs hang until the test or the loop stops, and the rest succeeds.
class FakeCoordinator : public CoordinatorClient {
 public:
  Result<v1::HelloResponse> Hello(const v1::HelloRequest& request,
                                  const std::stop_token&) override {
    const std::lock_guard lock(mutex);
    hellos.push_back(request);
    changed.notify_all();
    if (const Status failure = Take(&hello_failures); !failure.ok()) return failure;
    v1::HelloResponse response;
    response.set_session_id("session " + std::to_string(hellos.size()));
    response.set_sync_seconds(0.02);
    return response;
  }
  Result<v1::SyncResponse> Sync(const v1::SyncRequest& request,
                                const std::stop_token& stop) override {
    std::unique_lock lock(mutex);
    changed.notify_all();
    if (request.has_running()) {
      beats.push_back(request);
      return on_beat ? on_beat(request) : Result<v1::SyncResponse>(v1::SyncResponse());
    }
    syncs.push_back(request);
    // A copy, since it may clear itself.
    if (const auto idle = on_idle) idle();
    if (answers.empty()) {
      ++hanging;
      changed.notify_all();
      changed.wait(lock, stop, [] { return false; });
      return Status(StatusCode::kCancelled, "stopped");
    }
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  Result<v1::ReportResponse> Report(const v1::ReportRequest& request,
                                    const std::stop_token&) override {
    const std::lock_guard lock(mutex);
    reports.push_back(request);
    changed.notify_all();
    if (const Status failure = Take(&report_failures); !failure.ok()) return failure;
    v1::ReportResponse response;
    v1::ReportVerdict& verdict = *response.add_verdicts();
    verdict.set_disposition(v1::DISPOSITION_ACCEPTED);
    const bool failure = request.results_size() == 0;
    verdict.set_block_id(failure ? request.failures(0).block_id() : request.results(0).block_id());
    verdict.set_epoch(failure ? request.failures(0).epoch() : request.results(0).epoch());
    return response;
  }
  Status Goodbye(const v1::GoodbyeRequest& request) override {
    const std::lock_guard lock(mutex);
    goodbyes.push_back(request.session_id());
    return {};
  }

  // Waits until `condition`, evaluated with the mutex held, is true.
  void Await(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    changed.wait(lock, condition);
  }
  // Waits until everything scripted was answered and the device idles.
  void AwaitIdle() {
    Await([this] { return hanging > 0; });
  }

  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Status> hello_failures;
  std::deque<Status> report_failures;
  std::deque<Result<v1::SyncResponse>> answers;
  std::function<Result<v1::SyncResponse>(const v1::SyncRequest&)> on_beat;
  std::function<void()> on_idle;
  std::vector<v1::HelloRequest> hellos;
  std::vector<v1::SyncRequest> syncs;
  std::vector<v1::SyncRequest> beats;
  std::vector<v1::ReportRequest> reports;
  std::vector<std::string> goodbyes;
  int hanging = 0;

 private:
  static Status Take(std::deque<Status>* failures) {
    if (failures->empty()) return {};
    Status status = std::move(failures->front());
    failures->pop_front();
    return status;
  }
};

class FakeExecutor : public DeviceExecutor {
 public:
  Status Examine(const std::stop_token&, v1::DeviceDescription* device,
                 v1::Ceilings* ceilings) override {
    device->mutable_device()->set_device_class("cpu/fake/1t");
    ceilings->set_dram_read_bytes_per_second(1e9);
    return std::exchange(examined, Status());
  }
  Result<v1::BlockResult> Run(const v1::Block& block, const OnProgress& on_progress,
                              const std::stop_token& stop) override {
    runs.push_back(block.block_id());
    v1::Progress progress;
    progress.set_phase("measure");
    progress.set_arm_index(3);
    progress.set_fraction(0.5);
    on_progress(progress);
    if (during) during(stop);
    if (stop.stop_requested() && !ignores_stop) return Status(StatusCode::kCancelled, "stopped");
    if (!outcome.ok()) return outcome;
    v1::BlockResult result;
    result.set_run_id("run of " + block.block_id());
    return result;
  }

  // Of the next call.
  Status examined;
  Status outcome;
  bool ignores_stop = false;
  std::function<void(const std::stop_token&)> during;
  std::vector<std::string> runs;
};

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : spool_(*Spool::Open(directory_, {100, 0})) {}
  ~SessionTest() override {
    Stop();
    std::filesystem::remove_all(directory_);
  }

  void Begin() {
    SessionOptions options;
    options.agent_name = "agent";
    options.labels["site"] = "lab";
    options.examine_again_seconds = 0.01;
    thread_ = std::thread([this, options] {
      SessionLoop loop(options, &coordinator_, &executor_, spool_.get());
      status_ = loop.Run(stop_.get_token());
    });
  }
  void Stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  // Runs until everything scripted was answered.
  void RunAll() {
    Begin();
    coordinator_.AwaitIdle();
    Stop();
  }

  const std::string directory_ =
      std::filesystem::temp_directory_path() / RandomId("quantfleet-session-");
  std::unique_ptr<Spool> spool_;
  FakeCoordinator coordinator_;
  FakeExecutor executor_;
  Status status_;
  std::stop_source stop_;
  std::thread thread_;
};

TEST_F(SessionTest, RunsABlockAndHandsItIn) {
  coordinator_.answers = {Start("block", 4)};
  RunAll();
  EXPECT_TRUE(status_.ok());
  ASSERT_EQ(coordinator_.hellos.size(), 1U);
  EXPECT_EQ(coordinator_.hellos[0].ceilings().dram_read_bytes_per_second(), 1e9);
  EXPECT_EQ(coordinator_.hellos[0].labels().at("site"), "lab");
  ASSERT_EQ(coordinator_.reports.size(), 1U);
  const v1::ReportRequest& report = coordinator_.reports[0];
  EXPECT_EQ(report.session_id(), "session 1");
  EXPECT_EQ(report.results(0).block_id(), "block");
  EXPECT_EQ(report.results(0).epoch(), 4U);
  EXPECT_EQ(report.results(0).run_id(), "run of block");
  EXPECT_LE(coordinator_.syncs[0].max_wait_seconds(), 25);
  EXPECT_THAT(spool_->Pending(), IsEmpty());
  EXPECT_THAT(coordinator_.goodbyes, ElementsAre("session 1"));
}

TEST_F(SessionTest, RenewsTheLeaseWhileABlockRuns) {
  coordinator_.answers = {Start("block", 4)};
  executor_.during = [this](const std::stop_token&) {
    coordinator_.Await([this] { return coordinator_.beats.size() >= 3; });
  };
  RunAll();
  const v1::RunningBlock& running = coordinator_.beats.back().running();
  EXPECT_EQ(running.block_id(), "block");
  EXPECT_EQ(running.epoch(), 4U);
  EXPECT_EQ(running.fraction(), 0.5);
  EXPECT_THAT(running.phase(), HasSubstr("measure"));
}

TEST_F(SessionTest, AStoppedBlockIsDiscarded) {
  coordinator_.answers = {Start("block", 4), Start("next", 1)};
  coordinator_.on_beat = [](const v1::SyncRequest& beat) {
    v1::SyncResponse response;
    response.mutable_stop()->set_block_id(beat.running().block_id());
    response.mutable_stop()->set_epoch(beat.running().epoch());
    return response;
  };
  executor_.during = [this](const std::stop_token& stop) {
    if (executor_.runs.back() != "block") return;
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait(lock, stop, [] { return false; });
  };
  RunAll();
  ASSERT_EQ(coordinator_.reports.size(), 1U);
  EXPECT_EQ(coordinator_.reports[0].results(0).block_id(), "next");
}

TEST_F(SessionTest, AStopForAnotherEpochIsNotForThisBlock) {
  coordinator_.answers = {Start("block", 4)};
  coordinator_.on_beat = [](const v1::SyncRequest& beat) {
    v1::SyncResponse response;
    response.mutable_stop()->set_block_id(beat.running().block_id());
    response.mutable_stop()->set_epoch(beat.running().epoch() - 1);
    return response;
  };
  executor_.during = [this](const std::stop_token&) {
    coordinator_.Await([this] { return coordinator_.beats.size() >= 2; });
  };
  RunAll();
  EXPECT_EQ(coordinator_.reports.size(), 1U);
}

TEST_F(SessionTest, AGrantWhoseResultIsSpooledIsNotRunAgain) {
  coordinator_.answers = {Start("block", 4)};
  coordinator_.on_idle = [this] {
    v1::ReportRequest entry;
    entry.add_results()->set_block_id("block");
    entry.mutable_results(0)->set_epoch(4);
    entry.mutable_results(0)->set_run_id("the first run");
    EXPECT_TRUE(spool_->Put(entry).ok());
    coordinator_.on_idle = nullptr;
  };
  RunAll();
  EXPECT_THAT(executor_.runs, IsEmpty());
  ASSERT_EQ(coordinator_.reports.size(), 1U);
  EXPECT_EQ(coordinator_.reports[0].results(0).run_id(), "the first run");
}

TEST_F(SessionTest, ReportsWhatAFormerLifeSpooled) {
  v1::ReportRequest entry;
  entry.add_results()->set_block_id("old");
  entry.mutable_results(0)->set_epoch(9);
  ASSERT_TRUE(spool_->Put(entry).ok());
  RunAll();
  ASSERT_EQ(coordinator_.reports.size(), 1U);
  EXPECT_EQ(coordinator_.reports[0].results(0).block_id(), "old");
  EXPECT_THAT(executor_.runs, IsEmpty());
}

TEST_F(SessionTest, AnOutageLosesNothing) {
  coordinator_.hello_failures = {Unavailable("away")};
  coordinator_.answers = {Unavailable("away"), Start("block", 1)};
  coordinator_.report_failures = {Unavailable("away")};
  RunAll();
  EXPECT_EQ(coordinator_.hellos.size(), 2U);
  EXPECT_EQ(coordinator_.hellos[0].request_id(), coordinator_.hellos[1].request_id());
  EXPECT_THAT(executor_.runs, ElementsAre("block"));
  EXPECT_EQ(coordinator_.reports.size(), 2U);
  EXPECT_THAT(spool_->Pending(), IsEmpty());
}

TEST_F(SessionTest, ALostSessionIsOpenedAnewAndTheResultHandedInThere) {
  coordinator_.answers = {Start("block", 1)};
  coordinator_.report_failures = {FailedPrecondition("superseded")};
  RunAll();
  ASSERT_EQ(coordinator_.hellos.size(), 2U);
  EXPECT_NE(coordinator_.hellos[0].request_id(), coordinator_.hellos[1].request_id());
  ASSERT_EQ(coordinator_.reports.size(), 2U);
  EXPECT_EQ(coordinator_.reports[1].session_id(), "session 2");
  EXPECT_THAT(executor_.runs, ElementsAre("block"));
}

TEST_F(SessionTest, ABlockThatCannotRunIsGivenUp) {
  coordinator_.answers = {Start("block", 1)};
  executor_.outcome = Internal("the engine fails");
  RunAll();
  ASSERT_EQ(coordinator_.reports.size(), 1U);
  EXPECT_THAT(coordinator_.reports[0].failures(0).reason(), HasSubstr("the engine fails"));
}

TEST_F(SessionTest, ARefusedResultBecomesAFailure) {
  coordinator_.answers = {Start("block", 1)};
  coordinator_.report_failures = {InvalidArgument("too odd"), InvalidArgument("still")};
  RunAll();
  EXPECT_THAT(spool_->Pending(), IsEmpty());
  ASSERT_EQ(coordinator_.reports.size(), 2U);
  EXPECT_THAT(coordinator_.reports[1].failures(0).reason(), HasSubstr("too odd"));
}

TEST_F(SessionTest, ShutdownStopsTheBlockAndSaysGoodbye) {
  coordinator_.answers = {Start("block", 1)};
  executor_.during = [this](const std::stop_token& stop) {
    stop_.request_stop();
    EXPECT_TRUE(stop.stop_requested());
  };
  Begin();
  thread_.join();
  EXPECT_TRUE(status_.ok());
  EXPECT_THAT(executor_.runs, ElementsAre("block"));
  EXPECT_THAT(coordinator_.reports, IsEmpty());
  EXPECT_THAT(coordinator_.goodbyes, ElementsAre("session 1"));
}

TEST_F(SessionTest, ADeviceThatCannotBeMeasuredIsTriedAgain) {
  executor_.examined = NotFound("the driver is gone");
  RunAll();
  EXPECT_TRUE(status_.ok());
  EXPECT_EQ(coordinator_.hellos.size(), 1U);
}

TEST_F(SessionTest, AResultThatWasCompleteAtShutdownIsKept) {
  coordinator_.answers = {Start("block", 1)};
  executor_.ignores_stop = true;
  executor_.during = [this](const std::stop_token&) { stop_.request_stop(); };
  Begin();
  thread_.join();
  EXPECT_THAT(spool_->Pending(), ElementsAre(SpoolKey{"block", 1}));
}

TEST_F(SessionTest, ASessionLostDuringABlockCostsNothing) {
  coordinator_.answers = {Start("block", 1)};
  coordinator_.on_beat = [](const v1::SyncRequest&) -> Result<v1::SyncResponse> {
    return FailedPrecondition("superseded");
  };
  coordinator_.report_failures = {FailedPrecondition("superseded")};
  executor_.during = [this](const std::stop_token&) {
    coordinator_.Await([this] { return !coordinator_.beats.empty(); });
  };
  RunAll();
  EXPECT_EQ(coordinator_.hellos.size(), 2U);
  EXPECT_EQ(coordinator_.beats.size(), 1U);
  ASSERT_EQ(coordinator_.reports.size(), 2U);
  EXPECT_EQ(coordinator_.reports[1].session_id(), "session 2");
  EXPECT_EQ(coordinator_.reports[1].results(0).run_id(), "run of block");
}

TEST_F(SessionTest, ABlockOutlastsAnAbsentCoordinator) {
  coordinator_.answers = {Start("block", 1)};
  coordinator_.on_beat = [](const v1::SyncRequest&) -> Result<v1::SyncResponse> {
    return Unavailable("away");
  };
  coordinator_.report_failures = {Unavailable("away")};
  executor_.during = [this](const std::stop_token&) {
    coordinator_.Await([this] { return coordinator_.beats.size() >= 3; });
  };
  RunAll();
  EXPECT_EQ(coordinator_.hellos.size(), 1U);
  EXPECT_THAT(executor_.runs, ElementsAre("block"));
  EXPECT_THAT(spool_->Pending(), IsEmpty());
}

TEST_F(SessionTest, ARefusalEndsTheLoop) {
  coordinator_.hello_failures = {InvalidArgument("no such agent")};
  Begin();
  thread_.join();
  EXPECT_EQ(status_.code(), StatusCode::kInvalidArgument);
}

TEST_F(SessionTest, AFullSpoolIsTold) {
  spool_.reset();
  spool_ = *Spool::Open(directory_, {0, 0});
  RunAll();
  EXPECT_THAT(coordinator_.syncs.at(0).not_leasing_reason(), HasSubstr("results wait"));
}

}  // namespace
}  // namespace quantfleet::agent
