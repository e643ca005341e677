// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Blocks that wait behind the one that runs, and results that go in behind its back.
#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/agent/session_fixture.hpp"

namespace quantfleet::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

TEST_F(SessionTest, AResultIsSpooledEvenIfTheNextBlockNeverBegins) {
  coordinator_.answers = {Queue("a", {"b"})};
  executor_.silent = true;
  executor_.during = [this](const std::stop_token&) {
    if (executor_.runs.back() == "b")
      coordinator_.Await([this] { return !coordinator_.reports.empty(); });
  };
  RunAll();
  EXPECT_THAT(executor_.runs, ElementsAre("a", "b"));
  EXPECT_THAT(Ids(coordinator_.reports.at(0).results()), ElementsAre("a"));
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
    // The session ends once the answer is back; nothing is to be seen of that while a block runs.
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
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

}  // namespace
}  // namespace quantfleet::agent
