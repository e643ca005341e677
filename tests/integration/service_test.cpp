// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The services over real gRPC on loopback and a real PostgreSQL.
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>
#include <thread>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "coordinator/rpc/server.hpp"
#include "coordinator/rpc/sweeper.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/postgres.hpp"

namespace quantfleet::rpc {
namespace {

using testing::HelloOf;
using testing::ResultOf;

std::string Quickstart() {
  std::ifstream file(QUANTFLEET_SOURCE_DIR "/examples/quickstart.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// A coordinator in this process, with a short lease.
struct Coordinator {
  explicit Coordinator(const std::string& conninfo, double lease_seconds = 30)
      : pool(conninfo, 4, 1000), parking(&pool, std::chrono::milliseconds(200)) {
    backend.pool = &pool;
    backend.parking = &parking;
    backend.policy.lease_seconds = lease_seconds;
    auto started = Server::Start("127.0.0.1:0", backend);
    QF_CHECK(started.ok());
    server = *std::move(started);
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server->port()),
                                  grpc::InsecureChannelCredentials());
  }

  postgres::Pool pool;
  Parking parking;
  Backend backend;
  std::unique_ptr<Server> server;
  std::shared_ptr<grpc::Channel> channel;
};

// One client of every service; calls have a deadline of a minute.
class Client {
 public:
  explicit Client(const std::shared_ptr<grpc::Channel>& channel)
      : agents(v1::AgentService::NewStub(channel)),
        matrices(v1::MatrixService::NewStub(channel)),
        results(v1::ResultService::NewStub(channel)),
        admin(v1::AdminService::NewStub(channel)) {}

  template <typename Stub, typename Request, typename Response>
  static grpc::Status Call(const std::unique_ptr<Stub>& stub,
                           grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                        Response*),
                           const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    return (stub.get()->*method)(&context, request, response);
  }

  std::string Hello(const v1::HelloRequest& request) {
    v1::HelloResponse response;
    const auto status = Call(agents, &v1::AgentService::Stub::Hello, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.session_id();
  }
  v1::SyncResponse Sync(const std::string& session, double wait_seconds) {
    v1::SyncRequest request;
    request.set_session_id(session);
    request.set_max_wait_seconds(wait_seconds);
    v1::SyncResponse response;
    const auto status = Call(agents, &v1::AgentService::Stub::Sync, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  v1::Disposition Report(const std::string& session, const v1::BlockResult& result) {
    v1::ReportRequest request;
    request.set_session_id(session);
    *request.add_results() = result;
    v1::ReportResponse response;
    const auto status = Call(agents, &v1::AgentService::Stub::Report, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.verdicts_size() == 1 ? response.verdicts(0).disposition()
                                         : v1::DISPOSITION_UNSPECIFIED;
  }
  grpc::Status Submit(const std::string& document, const std::string& request_id,
                      v1::SubmitMatrixResponse* response) {
    v1::SubmitMatrixRequest request;
    request.set_document(document);
    request.set_file_name("quickstart.yaml");
    request.set_request_id(request_id);
    return Call(matrices, &v1::MatrixService::Stub::SubmitMatrix, request, response);
  }
  v1::Matrix Get(const std::string& id) {
    v1::GetMatrixRequest request;
    request.set_matrix_id(id);
    v1::GetMatrixResponse response;
    EXPECT_TRUE(Call(matrices, &v1::MatrixService::Stub::GetMatrix, request, &response).ok());
    return response.matrix();
  }

  std::unique_ptr<v1::AgentService::Stub> agents;
  std::unique_ptr<v1::MatrixService::Stub> matrices;
  std::unique_ptr<v1::ResultService::Stub> results;
  std::unique_ptr<v1::AdminService::Stub> admin;
};

TEST(Service, AMatrixRunsFromSubmitToComparison) {
  Coordinator coordinator(testing::NewDatabase());
  Client client(coordinator.channel);
  const std::string session = client.Hello(HelloOf("a"));
  v1::SubmitMatrixResponse submitted, again;
  ASSERT_TRUE(client.Submit(Quickstart(), "one", &submitted).ok());
  ASSERT_TRUE(client.Submit(Quickstart(), "one", &again).ok());
  EXPECT_EQ(submitted.matrix().matrix_id(), again.matrix().matrix_id());
  EXPECT_TRUE(again.already_existed());
  EXPECT_EQ(submitted.matrix().blocks_total(), 28U);
  for (uint32_t i = 0; i < submitted.matrix().blocks_total(); ++i) {
    const v1::SyncResponse answer = client.Sync(session, 5);
    ASSERT_TRUE(answer.has_start()) << i;
    EXPECT_EQ(client.Report(session, ResultOf(answer.start().block(), answer.start().epoch())),
              v1::DISPOSITION_ACCEPTED);
  }
  const v1::Matrix matrix = client.Get(submitted.matrix().matrix_id());
  EXPECT_EQ(matrix.state(), v1::MATRIX_STATE_COMPLETED);
  EXPECT_EQ(matrix.arms_measured(), matrix.arms_total());
  v1::CompareMatrixRequest request;
  request.set_matrix_id(matrix.matrix_id());
  v1::CompareMatrixResponse compared;
  ASSERT_TRUE(
      Client::Call(client.results, &v1::ResultService::Stub::CompareMatrix, request, &compared)
          .ok());
  EXPECT_EQ(static_cast<uint32_t>(compared.comparison().rows_size()), matrix.arms_total());
}

TEST(Service, AParkedSyncIsAnsweredWhenWorkArrives) {
  Coordinator coordinator(testing::NewDatabase());
  Client client(coordinator.channel);
  const std::string session = client.Hello(HelloOf("a"));
  v1::SyncResponse answer;
  std::thread waiting([&] { answer = client.Sync(session, 25); });
  while (coordinator.parking.Waiting() == 0) std::this_thread::yield();
  v1::SubmitMatrixResponse submitted;
  ASSERT_TRUE(client.Submit(Quickstart(), "one", &submitted).ok());
  waiting.join();
  EXPECT_TRUE(answer.has_start());
}

TEST(Service, AnotherReplicasWorkIsFoundByPolling) {
  const std::string conninfo = testing::NewDatabase();
  Coordinator one(conninfo), two(conninfo);
  Client agent(one.channel), person(two.channel);
  const std::string session = agent.Hello(HelloOf("a"));
  v1::SyncResponse answer;
  std::thread waiting([&] { answer = agent.Sync(session, 25); });
  while (one.parking.Waiting() == 0) std::this_thread::yield();
  v1::SubmitMatrixResponse submitted;
  ASSERT_TRUE(person.Submit(Quickstart(), "one", &submitted).ok());
  waiting.join();
  EXPECT_TRUE(answer.has_start());
}

TEST(Service, StoppingAnswersParkedCallsFirst) {
  auto coordinator = std::make_unique<Coordinator>(testing::NewDatabase());
  Client client(coordinator->channel);
  const std::string session = client.Hello(HelloOf("a"));
  std::vector<std::thread> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.emplace_back([&] { EXPECT_FALSE(client.Sync(session, 25).has_start()); });
  }
  while (coordinator->parking.Waiting() < 5) std::this_thread::yield();
  coordinator->server->Stop();
  for (std::thread& thread : waiting) thread.join();
}

TEST(Service, ASilentAgentLosesItsBlockToAnother) {
  Coordinator coordinator(testing::NewDatabase(), 1.0);
  const Sweeper sweeper(&coordinator.pool, &coordinator.parking, coordinator.backend.policy);
  Client client(coordinator.channel);
  const std::string first = client.Hello(HelloOf("a", "host-1"));
  v1::SubmitMatrixResponse submitted;
  ASSERT_TRUE(client.Submit(Quickstart(), "one", &submitted).ok());
  const v1::Grant lost = client.Sync(first, 5).start();
  // The other device's class has no blocks of its own (`each` saw only the first): same class,
  // another host.
  const std::string second = client.Hello(HelloOf("b", "host-2"));
  for (int i = 0; i < 28; ++i) {
    const v1::SyncResponse answer = client.Sync(second, 25);
    ASSERT_TRUE(answer.has_start()) << i;
    EXPECT_EQ(client.Report(second, ResultOf(answer.start().block(), answer.start().epoch())),
              v1::DISPOSITION_ACCEPTED);
  }
  EXPECT_EQ(client.Report(first, ResultOf(lost.block(), lost.epoch())), v1::DISPOSITION_SUPERSEDED);
  EXPECT_EQ(client.Get(submitted.matrix().matrix_id()).state(), v1::MATRIX_STATE_COMPLETED);
}

TEST(Service, BadInputIsOneClearError) {
  Coordinator coordinator(testing::NewDatabase());
  Client client(coordinator.channel);
  v1::SubmitMatrixResponse response;
  grpc::Status status = client.Submit(Quickstart() + "\nprioritty: 3\n", "bad", &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message().find("quickstart.yaml:"), 0U) << status.error_message();
  EXPECT_NE(status.error_message().find("priority"), std::string::npos) << status.error_message();
  status = client.Submit(Quickstart(), "nobody", &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION) << "no device is connected";
  v1::HelloResponse hello;
  EXPECT_EQ(Client::Call(client.agents, &v1::AgentService::Stub::Hello, v1::HelloRequest(), &hello)
                .error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::GetMatrixResponse matrix;
  EXPECT_EQ(Client::Call(client.matrices, &v1::MatrixService::Stub::GetMatrix,
                         v1::GetMatrixRequest(), &matrix)
                .error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Server::Start("0.0.0.0:0", coordinator.backend).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(Service, OversizedAndMeaninglessRequestsAreRefused) {
  Coordinator coordinator(testing::NewDatabase());
  Client client(coordinator.channel);
  const auto hello_code = [&](const std::function<void(v1::HelloRequest&)>& damage) {
    v1::HelloRequest request = HelloOf("a");
    damage(request);
    v1::HelloResponse response;
    return Client::Call(client.agents, &v1::AgentService::Stub::Hello, request, &response)
        .error_code();
  };
  EXPECT_EQ(hello_code([](auto&) {}), grpc::StatusCode::OK);
  EXPECT_EQ(hello_code([](auto& r) { r.set_agent_name("a\nb"); }),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(hello_code([](auto& r) { r.set_host_id(std::string(200, 'h')); }),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(hello_code([](auto& r) { (*r.mutable_labels())["x"] = std::string(300000, 'x'); }),
            grpc::StatusCode::INVALID_ARGUMENT);

  v1::SubmitMatrixResponse submitted;
  EXPECT_EQ(client.Submit(Quickstart(), std::string(5000, 'r'), &submitted).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  ASSERT_TRUE(client.Submit(Quickstart(), "one", &submitted).ok());
  v1::GetMatrixRequest get;
  get.set_matrix_id(submitted.matrix().matrix_id());
  get.set_known_version(UINT64_MAX);
  get.set_wait_seconds(std::numeric_limits<double>::quiet_NaN());
  v1::GetMatrixResponse matrix;
  EXPECT_TRUE(
      Client::Call(client.matrices, &v1::MatrixService::Stub::GetMatrix, get, &matrix).ok());

  v1::ReportRequest report;
  for (int i = 0; i < 129; ++i) report.add_failures();
  v1::ReportResponse verdicts;
  EXPECT_EQ(
      Client::Call(client.agents, &v1::AgentService::Stub::Report, report, &verdicts).error_code(),
      grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(Service, AWatcherIsAnsweredWhenTheMatrixChanges) {
  Coordinator coordinator(testing::NewDatabase());
  Client client(coordinator.channel);
  const std::string session = client.Hello(HelloOf("a"));
  v1::SubmitMatrixResponse submitted;
  ASSERT_TRUE(client.Submit(Quickstart(), "one", &submitted).ok());
  v1::GetMatrixRequest request;
  request.set_matrix_id(submitted.matrix().matrix_id());
  request.set_known_version(client.Get(request.matrix_id()).version());
  request.set_wait_seconds(25);
  v1::GetMatrixResponse seen;
  std::thread watching([&] {
    EXPECT_TRUE(
        Client::Call(client.matrices, &v1::MatrixService::Stub::GetMatrix, request, &seen).ok());
  });
  while (coordinator.parking.Waiting() == 0) std::this_thread::yield();
  EXPECT_TRUE(client.Sync(session, 0).has_start());
  watching.join();
  EXPECT_GT(seen.matrix().version(), request.known_version());
  EXPECT_EQ(seen.matrix().blocks_leased(), 1U);
  EXPECT_EQ(seen.matrix().running_size(), 1);
}

TEST(Service, APowerCutOfTheDatabaseLosesNothingAcknowledged) {
  Coordinator coordinator(testing::NewDatabase());
  Client client(coordinator.channel);
  const std::string session = client.Hello(HelloOf("a"));
  v1::SubmitMatrixResponse submitted;
  ASSERT_TRUE(client.Submit(Quickstart(), "one", &submitted).ok());
  std::atomic<bool> stop = false;
  std::atomic<int> acknowledged = 0;
  std::thread worker([&] {
    while (!stop) {
      v1::SyncRequest request;
      request.set_session_id(session);
      v1::SyncResponse answer;
      if (!Client::Call(client.agents, &v1::AgentService::Stub::Sync, request, &answer).ok() ||
          !answer.has_start())
        continue;
      v1::ReportRequest report;
      *report.add_results() = ResultOf(answer.start().block(), answer.start().epoch());
      v1::ReportResponse verdicts;
      if (!Client::Call(client.agents, &v1::AgentService::Stub::Report, report, &verdicts).ok())
        continue;
      const auto disposition = verdicts.verdicts(0).disposition();
      EXPECT_TRUE(disposition == v1::DISPOSITION_ACCEPTED ||
                  disposition == v1::DISPOSITION_DUPLICATE);
      ++acknowledged;
    }
  });
  for (int cut = 0; cut < 3; ++cut) {
    const int before = acknowledged;
    while (acknowledged < std::min(before + 3, 24)) std::this_thread::yield();
    testing::PostgresServer::Get().Crash();
    testing::PostgresServer::Get().Restart();
  }
  while (client.Get(submitted.matrix().matrix_id()).state() == v1::MATRIX_STATE_RUNNING)
    std::this_thread::yield();
  stop = true;
  worker.join();
  const v1::Matrix matrix = client.Get(submitted.matrix().matrix_id());
  EXPECT_EQ(matrix.state(), v1::MATRIX_STATE_COMPLETED);
  EXPECT_EQ(matrix.arms_measured(), matrix.arms_total());
}

}  // namespace
}  // namespace quantfleet::rpc
