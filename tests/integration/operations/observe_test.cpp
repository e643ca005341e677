// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What an operator sees of calls: their ids in logs, answers and audit, and their counts.
#include <gmock/gmock.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include "coordinator/access/secret.hpp"
#include "coordinator/rpc/observe/call_observer.hpp"
#include "coordinator/rpc/observe/library_log.hpp"
#include "coordinator/rpc/server.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::rpc {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class Observe : public ::testing::Test {
 protected:
  Observe() : pool_(conninfo_, 2, 100), parking_(&pool_, std::chrono::milliseconds(200)) {
    Backend backend;
    backend.pool = &pool_;
    backend.parking = &parking_;
    backend.metrics = &metrics_;
    auto started = Server::Start("127.0.0.1:0", backend);
    QF_CHECK(started.ok());
    server_ = *std::move(started);
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                   grpc::InsecureChannelCredentials());
  }

  struct Answer {
    grpc::Status status;
    std::vector<std::string> ids;  // in the trailing metadata
    std::string log;               // that the call wrote
  };
  // Cancels a matrix that is not there, or one that is.
  Answer Cancel(const std::vector<std::string>& ids, const std::string& matrix = "mtx_none") {
    ::testing::internal::CaptureStderr();
    grpc::ClientContext context;
    for (const std::string& id : ids) context.AddMetadata("x-request-id", id);
    v1::CancelMatrixRequest request;
    request.set_matrix_id(matrix);
    v1::CancelMatrixResponse response;
    Answer answer;
    answer.status =
        v1::MatrixService::NewStub(channel_)->CancelMatrix(&context, request, &response);
    const auto [begin, end] = context.GetServerTrailingMetadata().equal_range("x-request-id");
    for (auto id = begin; id != end; ++id)
      answer.ids.emplace_back(id->second.data(), id->second.size());
    answer.log = ::testing::internal::GetCapturedStderr();
    return answer;
  }

  const std::string conninfo_ = testing::NewDatabase();
  metrics::Metrics metrics_{"test"};
  postgres::Pool pool_;
  Parking parking_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(Observe, ACallersOwnIdIsInTheLogAndTheAnswer) {
  const Answer answer = Cancel({"my-id.7"});
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(answer.ids, std::vector<std::string>{"my-id.7"});
  EXPECT_THAT(answer.log, HasSubstr("call failed request=\"my-id.7\""));
  EXPECT_EQ(answer.log.find("request="), answer.log.rfind("request=")) << answer.log;
  EXPECT_THAT(answer.log, HasSubstr("method=\"MatrixService/CancelMatrix\" code=\"NOT_FOUND\""));
}

TEST_F(Observe, AnIdThatIsNotSaneIsReplaced) {
  const std::string token = access::MakeSecret().text;
  for (const std::vector<std::string>& ids : {std::vector<std::string>{},
                                              {"two words"},
                                              {std::string(65, 'a')},
                                              {"one", "two"},
                                              {token}}) {
    const Answer answer = Cancel(ids);
    ASSERT_EQ(answer.ids.size(), 1U);
    EXPECT_THAT(answer.ids[0], MatchesRegex("req_[0-9a-z]{26}"));
    EXPECT_THAT(answer.log, HasSubstr(answer.ids[0]));
    EXPECT_THAT(answer.log, Not(HasSubstr(token)));
  }
}

TEST_F(Observe, ATokenTakenForANameIsBlackedOutInTheLog) {
  const std::string token = access::MakeSecret().text;
  const Answer answer = Cancel({"id"}, token);
  EXPECT_THAT(answer.status.error_message(), HasSubstr(token)) << "the caller's own words";
  EXPECT_THAT(answer.log, HasSubstr("qft_***"));
  EXPECT_THAT(answer.log, Not(HasSubstr(token.substr(4))));
}

TEST_F(Observe, AFloodOfFailuresDoesNotFloodTheLog) {
  ::testing::internal::CaptureStderr();
  v1::CancelMatrixRequest request;
  for (int i = 0; i < 300; ++i) {
    grpc::ClientContext context;
    v1::CancelMatrixResponse response;
    EXPECT_FALSE(
        v1::MatrixService::NewStub(channel_)->CancelMatrix(&context, request, &response).ok());
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  const auto lines = std::count(log.begin(), log.end(), '\n');
  EXPECT_GE(lines, 50);
  EXPECT_LT(lines, 150);
  EXPECT_THAT(
      metrics_.Text({}),
      HasSubstr(
          "quantfleet_calls_total{code=\"NOT_FOUND\",method=\"MatrixService/CancelMatrix\"} 300"));
}

TEST(LibraryLog, WhatGrpcSaysIsOurFormAndLimited) {
  RouteLibraryLogs();
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 500; ++i) gpr_log(GPR_ERROR, "no handshake %d", i);
  const std::string log = ::testing::internal::GetCapturedStderr();
  gpr_set_log_function(nullptr);
  EXPECT_THAT(log, HasSubstr("gRPC reason=\"no handshake 0\""));
  EXPECT_LT(std::count(log.begin(), log.end(), '\n'), 100);
}

TEST_F(Observe, TheAuditSaysWhichCallItWas) {
  postgres::Connection db(conninfo_);
  const auto submitted = postgres::SubmitMatrix(db, testing::SubmissionOf("one", 1));
  ASSERT_TRUE(submitted.ok());
  const Answer answer = Cancel({"the-call"}, submitted->matrix.matrix_id());
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_TRUE(answer.ids.empty());
  EXPECT_EQ(testing::Scalar(db, "SELECT request_id FROM audit WHERE action = 'CancelMatrix'"),
            "the-call");
  EXPECT_EQ(testing::Scalar(db, "SELECT request_id FROM audit WHERE action = 'SubmitMatrix'"), "");
}

TEST_F(Observe, WhatTheStoreLogsCarriesTheCallsId) {
  postgres::Connection db(conninfo_);
  ASSERT_TRUE(db.Run([](postgres::Transaction& tx) {
                  return tx.Query("ALTER TABLE matrix RENAME TO matrix_gone").status();
                }).ok());
  const Answer answer = Cancel({"the-broken-call"});
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(answer.log, HasSubstr("the database refused a statement"));
  EXPECT_THAT(answer.log, HasSubstr(" request=\"the-broken-call\"\n"));
}

}  // namespace
}  // namespace quantfleet::rpc
