// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/postgres/blocks/standing.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "coordinator/postgres/sync/costs.hpp"
#include "coordinator/postgres/sync/hello_batch.hpp"
#include "coordinator/postgres/sync/sync_batch.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using testing::AtOnce;
using testing::Contradictions;
using testing::HelloOf;
using testing::Open;
using testing::ResultOf;
using testing::Scalar;
using testing::SubmissionOf;

class BatchTest : public ::testing::Test {
 protected:
  void Submit(int blocks) {
    const auto outcome = SubmitMatrix(db_, SubmissionOf("request", blocks));
    ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
    matrix_id_ = outcome->matrix.matrix_id();
  }

  v1::SyncResponse Sync(const v1::SyncRequest& request) {
    auto response = SyncSession(db_, request, {});
    EXPECT_TRUE(response.ok()) << response.status().ToString();
    return response.ok() ? *std::move(response) : v1::SyncResponse();
  }

  // Idle, and wants so many to wait behind the first.
  static v1::SyncRequest Idle(const std::string& session, uint32_t prefetch) {
    v1::SyncRequest request;
    request.set_session_id(session);
    request.set_prefetch(prefetch);
    return request;
  }

  static void Mention(v1::HeldBlock* held, const v1::Grant& grant) {
    held->set_block_id(grant.block().block_id());
    held->set_epoch(grant.epoch());
  }

  static void Run(v1::SyncRequest& request, const v1::Grant& grant) {
    request.mutable_running()->set_block_id(grant.block().block_id());
    request.mutable_running()->set_epoch(grant.epoch());
    request.mutable_running()->set_phase("measure");
  }

  std::string conninfo_ = testing::NewDatabase();
  Connection db_{conninfo_};
  scheduler::Dispatcher dispatcher_;
  std::string matrix_id_;
};

TEST_F(BatchTest, BlocksWaitBehindTheOneThatRuns) {
  Submit(5);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::SyncResponse first = Sync(Idle(session, 2));
  ASSERT_TRUE(first.has_start());
  EXPECT_EQ(first.start().block().ordinal(), 0U);
  ASSERT_EQ(first.queue_size(), 2);
  EXPECT_EQ(first.queue(0).block().ordinal(), 1U);
  EXPECT_EQ(first.queue(1).block().ordinal(), 2U);

  v1::SyncRequest busy = Idle(session, 2);
  Run(busy, first.start());
  Mention(busy.add_queued(), first.queue(0));
  Mention(busy.add_queued(), first.queue(1));
  EXPECT_EQ(Sync(busy).queue_size(), 0) << "it has what it asked for";

  v1::SyncRequest next = Idle(session, 2);
  Mention(next.add_finished(), first.start());
  Run(next, first.queue(0));
  Mention(next.add_queued(), first.queue(1));
  const v1::SyncResponse more = Sync(next);
  ASSERT_EQ(more.queue_size(), 1) << "what is finished makes room and is not offered again";
  EXPECT_EQ(more.queue(0).block().ordinal(), 3U);
  EXPECT_FALSE(more.has_start());
  EXPECT_EQ(Scalar(db_, "SELECT string_agg(phase, ' ' ORDER BY block_id) FROM lease"),
            "finished measure queued queued");
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(BatchTest, WhatAnAnswerLostIsOfferedAgainInItsOrder) {
  Submit(3);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::SyncResponse lost = Sync(Idle(session, 2));
  const v1::SyncResponse again = Sync(Idle(session, 2));
  EXPECT_EQ(again.DebugString(), lost.DebugString());
  v1::SyncRequest busy = Idle(session, 2);
  Run(busy, lost.start());
  const v1::SyncResponse rest = Sync(busy);
  ASSERT_EQ(rest.queue_size(), 2);
  EXPECT_EQ(rest.queue(0).DebugString(), lost.queue(0).DebugString());
}

TEST_F(BatchTest, AnotherSessionsWordKeepsNoGrantFromItsHolder) {
  Submit(1);
  const v1::SyncRequest holder = Idle(Open(db_, HelloOf("a", "host-a")), 0);
  const v1::SyncResponse granted = Sync(holder);
  v1::SyncRequest liar = Idle(Open(db_, HelloOf("b", "host-b")), 0);
  Run(liar, granted.start());
  const auto answers = SyncSessions(db_, {{&liar, ""}, {&holder, ""}}, {}, dispatcher_);
  ASSERT_TRUE(answers.ok());
  EXPECT_TRUE((*answers)[0]->has_stop());
  EXPECT_TRUE((*answers)[1]->has_start()) << "its answer may have been lost";
}

TEST_F(BatchTest, ABlockThatWaitsInVainIsDropped) {
  Submit(3);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::SyncResponse first = Sync(Idle(session, 2));
  ASSERT_TRUE(CancelMatrix(db_, matrix_id_).ok());
  v1::SyncRequest busy = Idle(session, 2);
  Run(busy, first.start());
  Mention(busy.add_queued(), first.queue(0));
  Mention(busy.add_finished(), first.queue(1));
  const v1::SyncResponse told = Sync(busy);
  EXPECT_EQ(told.stop().reason(), "the matrix was cancelled");
  ASSERT_EQ(told.dropped_size(), 1) << "of what is finished the report tells";
  EXPECT_EQ(told.dropped(0).block_id(), first.queue(0).block().block_id());
  EXPECT_EQ(told.dropped(0).reason(), "the matrix was cancelled");
}

TEST_F(BatchTest, WhatMayHaveEndedASessionRunsAlone) {
  Submit(3);
  const std::string session = Open(db_, HelloOf("a"));
  ASSERT_EQ(Sync(Idle(session, 2)).queue_size(), 2);
  Scalar(db_, "UPDATE lease SET expire_time = clock_timestamp() - interval '1 s' RETURNING 1");
  EXPECT_EQ(*ExpireLeases(db_, 10), 1);
  EXPECT_EQ(
      Scalar(db_, "SELECT string_agg(losing_sessions::text, ' ' ORDER BY block_id) FROM block"),
      "1 1 0");
  EXPECT_EQ(Scalar(db_, "SELECT string_agg(outcome, ' ' ORDER BY block_id) FROM attempt"),
            "lost lost released");
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM ready"), "3");

  const std::string next = Open(db_, HelloOf("b", "host-b"));
  const v1::SyncResponse alone = Sync(Idle(next, 2));
  ASSERT_TRUE(alone.has_start());
  EXPECT_EQ(alone.queue_size(), 0);
  v1::SyncRequest busy = Idle(next, 2);
  Run(busy, alone.start());
  EXPECT_EQ(Sync(busy).queue_size(), 0) << "nothing is put behind it";
  ASSERT_TRUE(StoreResult(db_, next, ResultOf(alone.start().block(), alone.start().epoch())).ok());
  EXPECT_EQ(Sync(Idle(next, 2)).queue_size(), 0) << "nor is the second with the third";
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(BatchTest, OneTransactionServesManySessionsEachOnce) {
  Submit(7);
  std::vector<v1::SyncRequest> requests;
  for (int i = 0; i < 5; ++i) {
    const std::string name = std::to_string(i);
    requests.push_back(Idle(Open(db_, HelloOf("agent-" + name, "host-" + name)), 1));
  }
  // Another device of the first host, which is not shared; and sessions that are none.
  requests.push_back(Idle(Open(db_, HelloOf("agent-0b", "host-0", 4)), 1));
  requests.push_back(Idle("ses_none", 1));
  requests.push_back(Idle(std::string("nul\0", 4), 1));
  std::vector<SyncCall> calls;
  for (const v1::SyncRequest& request : requests) calls.push_back({&request, ""});
  const auto answers = SyncSessions(db_, calls, {}, dispatcher_);
  ASSERT_TRUE(answers.ok()) << answers.status().ToString();
  std::set<std::string> granted;
  int queued = 0;
  for (size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE((*answers)[i].ok());
    ASSERT_TRUE((*answers)[i]->has_start()) << "first one for each";
    granted.insert((*answers)[i]->start().block().block_id());
    queued += (*answers)[i]->queue_size();
  }
  EXPECT_EQ(granted.size(), 5U);
  EXPECT_EQ(queued, 2);
  EXPECT_FALSE((*answers)[5]->has_start());
  EXPECT_EQ((*answers)[6].status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ((*answers)[7].status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(BatchTest, ManySayHelloAtOnce) {
  Submit(4);
  const v1::HelloRequest old = HelloOf("a");
  const std::string former = Open(db_, old);
  ASSERT_TRUE(Sync(Idle(former, 1)).has_start());
  const v1::HelloRequest next = HelloOf("a"), last = HelloOf("a"), other = HelloOf("b", "host-b");
  const auto opened = OpenSessions(db_, {&old, &next, &other, &last, &next}, {});
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  std::vector<std::string> ids;
  for (const v1::HelloResponse& response : *opened) ids.push_back(response.session_id());
  EXPECT_EQ(ids[0], former) << "a copy of an earlier Hello opens nothing";
  EXPECT_EQ(ids[4], ids[1]);
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 4U);
  const auto state = [&](size_t i) {
    return Scalar(db_, "SELECT state FROM session WHERE session_id = '" + ids[i] + "'");
  };
  EXPECT_EQ(state(0), "superseded");
  EXPECT_EQ(state(1), "superseded") << "by the second of its device";
  EXPECT_EQ(state(2), "open");
  EXPECT_EQ(state(3), "open");
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM ready"), "4") << "its blocks are queued again";
  EXPECT_TRUE(Sync(Idle(ids[3], 0)).has_start()) << "matched with the classes there are";
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(BatchTest, ABatchOfReportsGivesEachItsVerdict) {
  Submit(3);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::SyncResponse taken = Sync(Idle(session, 2));
  v1::ReportRequest good, twice, mixed;
  *good.add_results() = ResultOf(taken.start().block(), taken.start().epoch());
  *twice.add_results() = good.results(0);
  *twice.add_results() = ResultOf(taken.start().block(), taken.start().epoch(), 1);
  *mixed.add_results() = ResultOf(taken.queue(0).block(), taken.queue(0).epoch() + 1);
  mixed.add_results()->set_block_id("none");
  v1::BlockFailure& failure = *mixed.add_failures();
  failure.set_block_id(taken.queue(1).block().block_id());
  failure.set_epoch(taken.queue(1).epoch());
  for (v1::ReportRequest* request : {&good, &twice, &mixed}) request->set_session_id(session);
  const auto answers =
      StoreReports(db_, {{&good, ""}, {&twice, ""}, {&mixed, ""}}, AtOnce(), dispatcher_);
  ASSERT_TRUE(answers.ok()) << answers.status().ToString();
  const auto disposition = [&](size_t call, int i) {
    return (*answers)[call]->verdicts(i).disposition();
  };
  EXPECT_EQ(disposition(0, 0), v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(disposition(1, 0), v1::DISPOSITION_DUPLICATE);
  EXPECT_EQ(disposition(1, 1), v1::DISPOSITION_CONFLICT);
  EXPECT_EQ(disposition(2, 0), v1::DISPOSITION_SUPERSEDED);
  EXPECT_EQ(disposition(2, 1), v1::DISPOSITION_UNKNOWN_BLOCK);
  EXPECT_EQ(disposition(2, 2), v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(Scalar(db_, "SELECT string_agg(why, ' ' ORDER BY why) FROM late_result"),
            "DISPOSITION_CONFLICT DISPOSITION_SUPERSEDED");
  EXPECT_EQ(Scalar(db_, "SELECT blocks_open FROM matrix"), "2");
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(BatchTest, AResultTheDatabaseRefusesCostsTheOthersNothing) {
  Submit(3);
  const std::string session = Open(db_, HelloOf("a"));
  const v1::SyncResponse taken = Sync(Idle(session, 2));
  Scalar(db_, "ALTER TABLE block_result ADD CONSTRAINT fault CHECK (run_id <> 'bad')");
  std::vector<v1::ReportRequest> requests(3);
  *requests[0].add_results() = ResultOf(taken.start().block(), taken.start().epoch());
  *requests[1].add_results() = ResultOf(taken.queue(0).block(), taken.queue(0).epoch());
  requests[1].mutable_results(0)->set_run_id("bad");
  *requests[2].add_results() = ResultOf(taken.queue(1).block(), taken.queue(1).epoch());
  std::vector<ReportCall> calls;
  for (v1::ReportRequest& request : requests) {
    request.set_session_id(session);
    calls.push_back({&request, ""});
  }
  const auto answers = StoreReports(db_, calls, {}, dispatcher_);
  ASSERT_TRUE(answers.ok()) << answers.status().ToString();
  EXPECT_EQ((*answers)[0]->verdicts(0).disposition(), v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ((*answers)[1].status().code(), StatusCode::kInternal);
  EXPECT_EQ((*answers)[2]->verdicts(0).disposition(), v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM block_result"), "2");
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(BatchTest, DeviceTimeIsSharedByWeight) {
  // Two of weight 1 and 3 submit at once; each block takes 1.5 s.
  Scalar(db_,
         "INSERT INTO principal (principal, weight) VALUES ('light', 1), ('heavy', 3) RETURNING 1");
  for (const char* who : {"light", "heavy"}) {
    auto submission = SubmissionOf(std::string("request-") + who, 60);
    submission.principal = who;
    ASSERT_TRUE(SubmitMatrix(db_, submission).ok());
  }
  ASSERT_TRUE(LoadDispatcher(db_, dispatcher_).ok());
  const std::string session = Open(db_, HelloOf("a"));
  const v1::SyncRequest request = Idle(session, 0);
  EXPECT_TRUE(dispatcher_.Costs().empty());
  for (int i = 0; i < 40; ++i) {
    const auto answers = SyncSessions(db_, {{&request, ""}}, {}, dispatcher_);
    ASSERT_TRUE(answers.ok() && (*answers)[0].ok() && (*answers)[0]->has_start());
    const v1::Grant& grant = (*answers)[0]->start();
    v1::ReportRequest report;
    *report.add_results() = ResultOf(grant.block(), grant.epoch());
    Scalar(db_, "UPDATE lease SET grant_time = grant_time - interval '2 s' RETURNING 1");
    ASSERT_TRUE(StoreReports(db_, {{&report, ""}}, {}, dispatcher_).ok());
  }
  const std::string done =
      "SELECT count(*) FROM block JOIN matrix USING (matrix_id) WHERE block.state = 'done' AND "
      "principal = ";
  EXPECT_NEAR(std::stoi(Scalar(db_, done + "'heavy'")), 30, 2);
  EXPECT_NEAR(std::stoi(Scalar(db_, done + "'light'")), 10, 2);
  ASSERT_TRUE(SaveDispatcher(db_, dispatcher_).ok());
  scheduler::Dispatcher successor;
  ASSERT_TRUE(LoadDispatcher(db_, successor).ok());
  EXPECT_EQ(successor.Costs().size(), dispatcher_.Costs().size());
  EXPECT_NEAR(successor.Costs()[0].seconds, 1.5, 1e-9);
}

TEST_F(BatchTest, AnAgentCannotChargeMoreThanItHeldTheBlockFor) {
  Submit(1);
  const v1::SyncRequest request = Idle(Open(db_, HelloOf("a")), 0);
  const auto answers = SyncSessions(db_, {{&request, ""}}, {}, dispatcher_);
  const v1::Grant grant = (*answers)[0]->start();
  v1::ReportRequest report;
  *report.add_results() = ResultOf(grant.block(), grant.epoch());
  report.mutable_results(0)->set_run_seconds(1e12);
  ASSERT_TRUE(StoreReports(db_, {{&report, ""}}, {}, dispatcher_).ok());
  ASSERT_EQ(dispatcher_.Costs().size(), 1U);
  EXPECT_LT(dispatcher_.Costs()[0].seconds, 3600);
}

TEST_F(BatchTest, ALowPriorityIsNotStarvedByALongQueueOfTheSamePrincipal) {
  auto urgent = SubmissionOf("urgent", 200), idle = SubmissionOf("idle", 2);
  urgent.priority = 9;
  idle.priority = 0;
  ASSERT_TRUE(SubmitMatrix(db_, urgent).ok());
  const std::string low = SubmitMatrix(db_, idle)->matrix.matrix_id();
  const std::string session = Open(db_, HelloOf("a"));
  const v1::SyncRequest request = Idle(session, 0);
  // One second in twenty is owed to it; a block takes 1.5 s.
  for (int i = 0; i < 60; ++i) {
    const auto answers = SyncSessions(db_, {{&request, ""}}, {}, dispatcher_);
    ASSERT_TRUE(answers.ok() && (*answers)[0].ok() && (*answers)[0]->has_start());
    const v1::Grant& grant = (*answers)[0]->start();
    v1::ReportRequest report;
    *report.add_results() = ResultOf(grant.block(), grant.epoch());
    Scalar(db_, "UPDATE lease SET grant_time = grant_time - interval '2 s' RETURNING 1");
    ASSERT_TRUE(StoreReports(db_, {{&report, ""}}, {}, dispatcher_).ok());
  }
  EXPECT_EQ(Scalar(db_, "SELECT state FROM matrix WHERE matrix_id = '" + low + "'"), "completed");
}

TEST_F(BatchTest, AMatrixThatAnEarlierProgramFinishedIsEnded) {
  Submit(1);
  Scalar(db_, "DELETE FROM ready RETURNING 1");
  EXPECT_TRUE(EndForgottenMatrices(db_).ok());
  EXPECT_EQ(Scalar(db_, "SELECT state FROM matrix"), "running");
  Scalar(db_, "UPDATE block SET state = 'done' RETURNING 1");
  EXPECT_TRUE(EndForgottenMatrices(db_).ok());
  EXPECT_EQ(Scalar(db_, "SELECT state || blocks_open FROM matrix"), "completed0");
}

TEST_F(BatchTest, AnAgentThatFailsBlockAfterBlockIsLeftOut) {
  Submit(6);
  const std::string session = Open(db_, HelloOf("a"));
  for (int i = 0; i < 3; ++i) {
    const v1::SyncResponse taken = Sync(Idle(session, 0));
    ASSERT_TRUE(taken.has_start()) << i;
    v1::BlockFailure failure;
    failure.set_block_id(taken.start().block().block_id());
    failure.set_epoch(taken.start().epoch());
    failure.set_reason("no such library");
    failure.set_cause(v1::FAILURE_CAUSE_BLOCK);
    ASSERT_TRUE(StoreFailure(db_, failure, {}).ok());
  }
  EXPECT_FALSE(Sync(Idle(session, 2)).has_start());
  EXPECT_TRUE(AnswerableSessions(db_, {session})->empty());
  const auto fleet = ListSessions(db_, false);
  EXPECT_EQ(fleet->sessions(0).quarantine_reason(), "no such library");
  v1::ExplainBlocksRequest why;
  why.set_id("6");
  EXPECT_THAT(ExplainBlocks(db_, why)->standings(0).details(0),
              ::testing::HasSubstr("a on cpu/test/2t is left out for 10 s: no such library"));

  Scalar(db_, "UPDATE conduct SET free_time = clock_timestamp() RETURNING 1");
  const v1::SyncResponse canary = Sync(Idle(session, 2));
  ASSERT_TRUE(canary.has_start());
  EXPECT_EQ(canary.queue_size(), 0) << "one block, to see whether it goes well";
  ASSERT_TRUE(
      StoreResult(db_, session, ResultOf(canary.start().block(), canary.start().epoch())).ok());
  EXPECT_EQ(Sync(Idle(session, 1)).queue_size(), 1);
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM conduct"), "0");
}

TEST_F(BatchTest, AFailureOfTheAgentSpendsNothingOfTheBlocks) {
  Submit(1);
  const std::string session = Open(db_, HelloOf("a"));
  for (int i = 0; i < 5; ++i) {
    Scalar(db_, "UPDATE ready SET avoid_session = '' RETURNING 1");
    Scalar(db_, "DELETE FROM conduct RETURNING 1");
    const v1::SyncResponse taken = Sync(Idle(session, 0));
    ASSERT_TRUE(taken.has_start());
    v1::BlockFailure failure;
    failure.set_block_id(taken.start().block().block_id());
    failure.set_epoch(taken.start().epoch());
    failure.set_cause(v1::FAILURE_CAUSE_AGENT);
    EXPECT_EQ(StoreFailure(db_, failure, AtOnce())->disposition(), v1::DISPOSITION_ACCEPTED);
  }
  EXPECT_EQ(Scalar(db_, "SELECT failures || state FROM block"), "0ready");
}

}  // namespace
}  // namespace quantfleet::postgres
