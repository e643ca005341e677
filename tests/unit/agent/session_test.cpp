// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
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

void AddQueued(const std::string& block, uint64_t epoch, v1::SyncResponse* response) {
  v1::Grant& grant = *response->add_queue();
  grant.set_epoch(epoch);
  grant.mutable_block()->set_block_id(block);
}

v1::SyncResponse Queue(const std::string& first, const std::vector<std::string>& others) {
  v1::SyncResponse response = Start(first, 1);
  for (const std::string& block : others) AddQueued(block, 1, &response);
  return response;
}

template <typename Held>
std::vector<std::string> Ids(const Held& held) {
  std::vector<std::string> ids;
  for (const auto& one : held) ids.push_back(one.block_id());
  return ids;
}

v1::ReportRequest Entry(const std::string& block) {
  v1::ReportRequest entry;
  entry.add_results()->set_block_id(block);
  entry.mutable_results(0)->set_epoch(1);
  return entry;
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
    response.set_sync_seconds(sync_seconds);
    return response;
  }
  Result<v1::SyncResponse> Sync(const v1::SyncRequest& request,
                                const std::stop_token& stop) override {
    std::unique_lock lock(mutex);
    changed.notify_all();
    if (request.has_running() || request.queued_size() > 0) {
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
      --hanging;
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
    if (on_report) {
      if (const Status refused = on_report(request); !refused.ok()) return refused;
    }
    if (const Status failure = Take(&report_failures); !failure.ok()) return failure;
    v1::ReportResponse response;
    const auto answer = [&](const auto& reported) {
      v1::ReportVerdict& verdict = *response.add_verdicts();
      verdict.set_disposition(v1::DISPOSITION_ACCEPTED);
      verdict.set_block_id(reported.block_id());
      verdict.set_epoch(reported.epoch());
    };
    for (const v1::BlockResult& result : request.results()) answer(result);
    for (const v1::BlockFailure& failure : request.failures()) answer(failure);
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
  // Waits for so many more beats.
  void AwaitBeats(size_t more) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this, end = beats.size() + more] { return beats.size() >= end; });
  }
  // The device idles, everything scripted was answered, and no session is about to end.
  bool Idle() {
    const std::lock_guard lock(mutex);
    return hanging > 0 && hello_failures.empty() && report_failures.empty();
  }

  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Status> hello_failures;
  std::deque<Status> report_failures;
  std::deque<Result<v1::SyncResponse>> answers;
  std::function<Result<v1::SyncResponse>(const v1::SyncRequest&)> on_beat;
  std::function<void()> on_idle;
  std::function<Status(const v1::ReportRequest&)> on_report;
  double sync_seconds = 0.02;
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
    options.prefetch = prefetch_;
    options.life_seconds = life_seconds_;
    thread_ = std::thread([this, options] {
      SessionLoop loop(options, &coordinator_, &executor_, spool_.get());
      status_ = loop.Run(stop_.get_token());
    });
  }
  void Stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  // Runs until everything scripted was answered and every result handed in.
  void RunAll() {
    Begin();
    while (!(coordinator_.Idle() && spool_->Pending().empty())) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    Stop();
  }

  const std::string directory_ =
      std::filesystem::temp_directory_path() / RandomId("quantfleet-session-");
  std::unique_ptr<Spool> spool_;
  FakeCoordinator coordinator_;
  FakeExecutor executor_;
  uint32_t prefetch_ = 1;
  double life_seconds_ = 0;
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
    if (beat.running().block_id() != "block") return response;
    response.mutable_stop()->set_block_id("block");
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

TEST_F(SessionTest, AResultThatWasCompleteAtShutdownIsHandedIn) {
  coordinator_.answers = {Start("block", 1)};
  executor_.ignores_stop = true;
  executor_.during = [this](const std::stop_token&) { stop_.request_stop(); };
  Begin();
  thread_.join();
  ASSERT_EQ(coordinator_.reports.size(), 1U);
  EXPECT_EQ(coordinator_.reports[0].results(0).run_id(), "run of block");
  EXPECT_THAT(coordinator_.goodbyes, ElementsAre("session 1"));
}

TEST_F(SessionTest, AResultThatCannotBeHandedInAtShutdownIsKept) {
  coordinator_.answers = {Start("block", 1)};
  coordinator_.report_failures = {Unavailable("away"), Unavailable("away")};
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
  int refused = 0;
  coordinator_.on_report = [&](const v1::ReportRequest& request) -> Status {
    if (request.session_id() != "session 1") return OkStatus();
    ++refused;
    return FailedPrecondition("superseded");
  };
  executor_.during = [this](const std::stop_token&) {
    coordinator_.Await([this] { return !coordinator_.beats.empty(); });
  };
  RunAll();
  EXPECT_EQ(coordinator_.hellos.size(), 2U);
  EXPECT_EQ(coordinator_.beats.size(), 1U);
  // Whether the session is known to be over when the block ends is chance.
  EXPECT_LE(refused, 1);
  EXPECT_EQ(coordinator_.reports.back().session_id(), "session 2");
  EXPECT_EQ(coordinator_.reports.back().results(0).run_id(), "run of block");
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

TEST_F(SessionTest, QueuedBlocksFollowWithoutACall) {
  coordinator_.sync_seconds = 100;
  coordinator_.answers = {Queue("a", {"b", "c"})};
  RunAll();
  EXPECT_THAT(executor_.runs, ElementsAre("a", "b", "c"));
  EXPECT_EQ(coordinator_.syncs.size(), 2U);
  EXPECT_EQ(coordinator_.syncs[0].prefetch(), 1U);
  EXPECT_THAT(spool_->Pending(), IsEmpty());
}

TEST_F(SessionTest, TheNextBlockIsFetchedAsSoonAsOneBegins) {
  // Between beats, of which there are none in time.
  coordinator_.sync_seconds = 100;
  coordinator_.answers = {Start("0", 1)};
  int fetched = 0;
  coordinator_.on_beat = [&](const v1::SyncRequest& beat) {
    v1::SyncResponse response;
    if (beat.has_running() && beat.queued_size() == 0 && fetched < 5) {
      AddQueued(std::to_string(++fetched), 1, &response);
    }
    return response;
  };
  executor_.during = [&](const std::stop_token&) {
    // Every block but the last waits for the one behind it.
    const int number = std::stoi(executor_.runs.back());
    coordinator_.Await([&] { return fetched > number || number == 5; });
  };
  RunAll();
  EXPECT_THAT(executor_.runs, ElementsAre("0", "1", "2", "3", "4", "5"));
}

TEST_F(SessionTest, TellsWhatRunsWaitsAndIsFinished) {
  coordinator_.answers = {Queue("a", {"b", "c"})};
  // No report gets through before the second block has told of the first.
  bool told = false;
  coordinator_.on_beat = [&](const v1::SyncRequest& beat) {
    told = told || beat.running().block_id() == "b";
    return v1::SyncResponse();
  };
  coordinator_.on_report = [&](const v1::ReportRequest&) {
    return told ? OkStatus() : Unavailable("away");
  };
  executor_.during = [&](const std::stop_token&) {
    if (executor_.runs.back() == "b") coordinator_.Await([&] { return told; });
  };
  RunAll();
  const auto of_b =
      std::find_if(coordinator_.beats.begin(), coordinator_.beats.end(),
                   [](const v1::SyncRequest& beat) { return beat.running().block_id() == "b"; });
  EXPECT_EQ(of_b->max_wait_seconds(), 0);
  EXPECT_THAT(Ids(of_b->queued()), ElementsAre("c"));
  EXPECT_THAT(Ids(of_b->finished()), ElementsAre("a"));
  EXPECT_EQ(of_b->spooled_results(), 1U);
  EXPECT_THAT(coordinator_.syncs.back().finished(), IsEmpty());
}

TEST_F(SessionTest, DroppedBlocksAreForgotten) {
  coordinator_.answers = {Queue("a", {"b", "c", "d"})};
  coordinator_.on_beat = [](const v1::SyncRequest& beat) {
    v1::SyncResponse response;
    for (const v1::HeldBlock& held : beat.queued()) {
      if (held.block_id() == "d") continue;
      v1::Stop& dropped =
          held.block_id() == "b" ? *response.add_dropped() : *response.mutable_stop();
      dropped.set_block_id(held.block_id());
      dropped.set_epoch(held.epoch());
    }
    // Of another epoch: another grant.
    response.add_dropped()->set_block_id("d");
    return response;
  };
  executor_.during = [this](const std::stop_token&) { coordinator_.AwaitBeats(2); };
  RunAll();
  EXPECT_THAT(executor_.runs, ElementsAre("a", "d"));
}

TEST_F(SessionTest, AGrantOfferedAgainIsNotRunAgain) {
  coordinator_.answers = {Queue("a", {"b", "b", "a"})};
  coordinator_.on_beat = [](const v1::SyncRequest&) { return Queue("a", {"b"}); };
  executor_.during = [this](const std::stop_token&) { coordinator_.AwaitBeats(2); };
  // Kept until the end, so that an offer of what has run meets its result.
  coordinator_.on_report = [this](const v1::ReportRequest&) -> Status {
    return coordinator_.hanging > 0 ? OkStatus() : Unavailable("later");
  };
  RunAll();
  EXPECT_THAT(executor_.runs, ElementsAre("a", "b"));
}

TEST_F(SessionTest, TheDeviceDoesNotWaitForReports) {
  coordinator_.answers = {Queue("a", {"b"})};
  coordinator_.report_failures = {Unavailable("away"), Unavailable("away"), Unavailable("away")};
  RunAll();
  EXPECT_THAT(executor_.runs, ElementsAre("a", "b"));
  const v1::ReportRequest& last = coordinator_.reports.back();
  EXPECT_THAT(Ids(last.results()), ElementsAre("a", "b"));
}

TEST_F(SessionTest, WhatWaitsGoesBackWithTheGoodbye) {
  coordinator_.answers = {Queue("a", {"b"})};
  executor_.during = [this](const std::stop_token&) { stop_.request_stop(); };
  Begin();
  thread_.join();
  EXPECT_THAT(executor_.runs, ElementsAre("a"));
  EXPECT_THAT(coordinator_.goodbyes, ElementsAre("session 1"));
}

TEST_F(SessionTest, WhatWaitsIsForgottenWithItsSession) {
  coordinator_.answers = {Queue("a", {"b"})};
  coordinator_.on_beat = [](const v1::SyncRequest&) -> Result<v1::SyncResponse> {
    return FailedPrecondition("superseded");
  };
  executor_.during = [this](const std::stop_token&) {
    coordinator_.Await([this] { return !coordinator_.beats.empty(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  };
  RunAll();
  EXPECT_THAT(executor_.runs, ElementsAre("a"));
  EXPECT_EQ(coordinator_.hellos.size(), 2U);
}

TEST_F(SessionTest, SpooledResultsGoTogether) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(spool_->Put(Entry(std::to_string(i))).ok());
  RunAll();
  ASSERT_EQ(coordinator_.reports.size(), 2U);
  EXPECT_EQ(coordinator_.reports[0].results_size(), 128);
  EXPECT_EQ(coordinator_.reports[1].results_size(), 72);
}

TEST_F(SessionTest, LargeResultsGoAlone) {
  for (const char* block : {"a", "b", "c"}) {
    v1::ReportRequest entry = Entry(block);
    entry.mutable_results(0)->set_run_id(std::string(size_t{3} << 19, 'x'));
    ASSERT_TRUE(spool_->Put(entry).ok());
  }
  RunAll();
  EXPECT_EQ(coordinator_.reports.size(), 3U);
}

TEST_F(SessionTest, OneOddResultDoesNotHoldUpTheOthers) {
  for (const char* block : {"a", "b", "c"}) ASSERT_TRUE(spool_->Put(Entry(block)).ok());
  coordinator_.on_report = [](const v1::ReportRequest& request) -> Status {
    for (const v1::BlockResult& result : request.results()) {
      if (result.block_id() == "b") return InvalidArgument("too odd");
    }
    return OkStatus();
  };
  RunAll();
  std::vector<std::string> failed;
  for (const v1::ReportRequest& report : coordinator_.reports) {
    for (const v1::BlockFailure& failure : report.failures()) {
      failed.push_back(failure.block_id());
      EXPECT_EQ(failure.cause(), v1::FAILURE_CAUSE_BLOCK);
    }
  }
  EXPECT_THAT(failed, ElementsAre("b"));
  EXPECT_EQ(coordinator_.reports.size(), 5U);
}

TEST_F(SessionTest, FailuresSayWhoseFaultTheyAre) {
  const std::pair<Status, v1::FailureCause> kCauses[] = {
      {Internal("the engine died twice"), v1::FAILURE_CAUSE_BLOCK},
      {InvalidArgument("the engine refuses the block"), v1::FAILURE_CAUSE_BLOCK},
      {NotFound("no engine"), v1::FAILURE_CAUSE_AGENT},
      {Unavailable("no device"), v1::FAILURE_CAUSE_AGENT},
      {FailedPrecondition("no lock"), v1::FAILURE_CAUSE_AGENT}};
  uint64_t epoch = 0;
  std::vector<v1::FailureCause> expected;
  for (const auto& [status, cause] : kCauses) {
    coordinator_.answers.emplace_back(Start("b", ++epoch));
    expected.push_back(cause);
  }
  executor_.during = [&](const std::stop_token&) {
    executor_.outcome = kCauses[executor_.runs.size() - 1].first;
  };
  RunAll();
  std::vector<v1::FailureCause> told;
  for (const v1::ReportRequest& report : coordinator_.reports) {
    for (const v1::BlockFailure& failure : report.failures()) told.push_back(failure.cause());
  }
  EXPECT_EQ(told, expected);
}

TEST_F(SessionTest, AnAgentThatWillGoSaysWhen) {
  life_seconds_ = 1000;
  prefetch_ = 0;
  RunAll();
  EXPECT_LE(coordinator_.hellos.at(0).life_seconds(), 1000);
  EXPECT_GT(coordinator_.hellos.at(0).life_seconds(), 900);
  EXPECT_EQ(coordinator_.syncs.at(0).prefetch(), 0U);
}

TEST_F(SessionTest, AFullSpoolIsTold) {
  spool_.reset();
  spool_ = *Spool::Open(directory_, {0, 0});
  RunAll();
  EXPECT_THAT(coordinator_.syncs.at(0).not_leasing_reason(), HasSubstr("results wait"));
}

}  // namespace
}  // namespace quantfleet::agent
