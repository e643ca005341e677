// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// /metrics of the real program.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <httplib.h>

#include "coordinator/postgres/operations/figures.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/program.hpp"

namespace quantfleet::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class MetricsPageTest : public ProgramTest {
 protected:
  std::string Metrics() const {
    httplib::Client client("127.0.0.1", PortIn(directory_ / "http"));
    const auto answer = client.Get("/metrics");
    EXPECT_TRUE(answer);
    if (!answer) return "";
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
    return answer->body;
  }
  std::unique_ptr<Program> StartWithPage() {
    return Start({"--http=127.0.0.1:0", "--http-port-file=" + (directory_ / "http").string()});
  }
};

TEST_F(MetricsPageTest, SaysWhatTheCoordinatorDoes) {
  const auto program = StartWithPage();
  const auto channel = Connect(*program);
  const std::string session = Hello(channel).session_id();
  postgres::Connection db(conninfo_);
  ASSERT_TRUE(postgres::SubmitMatrix(db, SubmissionOf("one", 5)).ok());
  const v1::SyncResponse started = Sync(channel, session, 5);
  ASSERT_TRUE(started.has_start());
  v1::ReportRequest report;
  report.set_session_id(session);
  *report.add_results() = ResultOf(started.start().block(), started.start().epoch());
  report.add_results()->set_block_id("no block of ours");
  grpc::ClientContext context;
  v1::ReportResponse reported;
  ASSERT_TRUE(v1::AgentService::NewStub(channel)->Report(&context, report, &reported).ok());
  ASSERT_EQ(reported.verdicts_size(), 2);
  ASSERT_TRUE(Sync(channel, session, 5).has_start());
  const std::string text = Metrics();
  EXPECT_THAT(text, HasSubstr("quantfleet_build_info{version="));
  EXPECT_THAT(text,
              HasSubstr("quantfleet_calls_total{code=\"OK\",method=\"AgentService/Hello\"} 1"));
  EXPECT_THAT(text,
              HasSubstr("quantfleet_calls_total{code=\"OK\",method=\"AgentService/Sync\"} 2"));
  EXPECT_THAT(text, HasSubstr("quantfleet_call_seconds_count{method=\"AgentService/Sync\"} 2"));
  EXPECT_THAT(text, HasSubstr("quantfleet_verdicts_total{disposition=\"ACCEPTED\"} 1"));
  EXPECT_THAT(text, HasSubstr("quantfleet_verdicts_total{disposition=\"UNKNOWN_BLOCK\"} 1"));
  EXPECT_THAT(text, HasSubstr("quantfleet_open_sessions 1"));
  EXPECT_THAT(text, HasSubstr("quantfleet_blocks{state=\"ready\"} 3"));
  EXPECT_THAT(text, HasSubstr("quantfleet_blocks{state=\"leased\"} 1"));
  EXPECT_THAT(text, ContainsRegex("quantfleet_ready_blocks.class=\"[0-9]+\". 3"));
  EXPECT_THAT(text, HasSubstr("quantfleet_database_up 1"));
  EXPECT_THAT(text, HasSubstr("quantfleet_database_queue_jobs 0"));
  EXPECT_THAT(text, HasSubstr("quantfleet_database_jobs_refused_total 0"));
  EXPECT_THAT(text, HasSubstr("quantfleet_leases_expired_total 0"));
  EXPECT_THAT(text, ContainsRegex("quantfleet_database_wait_seconds_count [1-9]"));
}

TEST_F(MetricsPageTest, AsksTheDatabaseAtMostEveryFiveSeconds) {
  const auto program = StartWithPage();
  const auto channel = Connect(*program);
  // From before the first look, so that a slow machine fails nothing.
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(Metrics(), HasSubstr("quantfleet_open_sessions 0"));
  Hello(channel);
  while (Metrics().find("quantfleet_open_sessions 1") == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
    // Only asking again tells.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST_F(MetricsPageTest, CountingALongQueueIsBounded) {
  const auto program = Start();
  Connect(*program);
  postgres::Connection db(conninfo_);
  ASSERT_TRUE(db.Run([](postgres::Transaction& tx) -> Status {
                  return tx
                      .Query(
                          "INSERT INTO ready (block_id, class_id, band, sort_key) SELECT n, n % 2, "
                          "4, n FROM "
                          "generate_series(1, 100000) n")
                      .status();
                }).ok());
  const auto figures = postgres::ReadFigures(db);
  ASSERT_TRUE(figures.ok()) << figures.status().message();
  const std::map<int64_t, uint64_t> expected = {{0, postgres::kMostReadyCounted},
                                                {1, postgres::kMostReadyCounted}};
  EXPECT_EQ(figures->ready_by_class, expected);
}

}  // namespace
}  // namespace quantfleet::testing
