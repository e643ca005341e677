// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/session_fixture.hpp"

namespace quantfleet::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST_F(SessionTest, AFullSpoolIsTold) {
  spool_.reset();
  spool_ = *Spool::Open(directory_, {0, 0});
  RunAll();
  EXPECT_THAT(coordinator_.syncs.at(0).not_leasing_reason(), HasSubstr("results wait"));
}

}  // namespace
}  // namespace quantfleet::agent
