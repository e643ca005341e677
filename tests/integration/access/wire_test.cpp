// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What comes over the wire: ports without and with TLS, and bytes that are no requests.
#include <array>
#include <atomic>
#include <random>
#include <thread>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "coordinator/access/method_table.hpp"
#include "tests/integration/access/secure_coordinator.hpp"
#include "tests/support/blocks.hpp"

#include "quantfleet/v1/access_service.pb.h"
#include "quantfleet/v1/enrolment_service.pb.h"
#include "quantfleet/v1/fleet_service.pb.h"
#include "quantfleet/v1/matrix_service.grpc.pb.h"

namespace quantfleet::testing {
namespace {

using access::Role;
using grpc::StatusCode;
using ::testing::HasSubstr;

grpc::Status Look(const std::shared_ptr<grpc::Channel>& channel, const std::string& token) {
  return CallMethod(channel, "FleetService/ListSessions", v1::ListSessionsRequest(), nullptr,
                    token);
}

// Sends bytes to a port, and waits for the other end to hang up; `ends`: nothing more will come.
void SendRaw(int port, const std::string& bytes, bool ends = true) {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(file, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  send(file, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (ends) shutdown(file, SHUT_WR);
  std::array<char, 4096> ignored{};
  while (recv(file, ignored.data(), ignored.size(), 0) > 0) {
  }
  close(file);
}

TEST(Wire, APlainClientGetsNothingFromATlsPort) {
  SecureCoordinator coordinator;
  const std::string token = coordinator.Token("vera", Role::kViewer);
  for (const int port : {coordinator.server->port(), coordinator.server->agent_port()}) {
    const auto plain = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                           grpc::InsecureChannelCredentials());
    EXPECT_EQ(Look(plain, token).error_code(), StatusCode::UNAVAILABLE);
    SendRaw(port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    SendRaw(port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  }
  EXPECT_TRUE(Look(coordinator.Connect(nullptr), token).ok()) << "others go on";
}

TEST(Wire, AClientThatTrustsAnotherAuthoritySendsNothing) {
  SecureCoordinator coordinator;
  const std::string token = coordinator.Token("vera", Role::kViewer);
  const Authorities stranger;
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(coordinator.server->port()),
                          grpc::SslCredentials({stranger.root.certificate_pem, "", ""}));
  EXPECT_EQ(Look(channel, token).error_code(), StatusCode::UNAVAILABLE);
}

TEST(Wire, OversizeRequestsAndHeadersAreRefused) {
  SecureCoordinator coordinator;
  const std::string token = coordinator.Token("ada", Role::kAdmin);
  const auto channel = coordinator.Connect(nullptr);
  for (const auto* method : AllMethods()) {
    const auto* rule =
        access::FindRule("/" + method->service()->full_name() + "/" + method->name());
    if (!rule->least || *rule->least == Role::kAgent) continue;
    // An unknown field of so many bytes: any message takes it.
    const size_t size = rule->most_request_bytes + 1;
    std::string bytes = "\xfa\x7f";
    for (size_t rest = size; rest > 0; rest >>= 7)
      bytes.push_back(static_cast<char>((rest & 0x7f) | (rest >> 7 > 0 ? 0x80 : 0)));
    bytes.append(size, 'x');
    EXPECT_EQ(CallRaw(channel, method, bytes, token).error_code(), StatusCode::RESOURCE_EXHAUSTED)
        << method->full_name();
    EXPECT_EQ(CallRaw(channel, method, std::string(17 << 20, 'x'), token).error_code(),
              StatusCode::RESOURCE_EXHAUSTED)
        << method->full_name();
  }
  EXPECT_NE(Look(channel, std::string(size_t{64} << 10, 'x')).error_code(), StatusCode::OK);
  EXPECT_TRUE(Look(coordinator.Connect(nullptr), token).ok());
}

TEST(Wire, BytesThatAreNoMessageAreAnErrorAndNothingElse) {
  SecureCoordinator coordinator;
  const std::string token = coordinator.Token("ada", Role::kAdmin);
  const KeyPair pair = IssueBy(coordinator.authorities.root, "agent", "gpu-7");
  const auto people = coordinator.Connect(nullptr), agents = coordinator.Connect(&pair, true);
  std::mt19937 random(20261121);
  for (const auto* method : AllMethods()) {
    for (int round = 0; round < 20; ++round) {
      std::string bytes(1 + random() % 200, '\0');
      for (char& c : bytes) c = static_cast<char>(random());
      bytes.insert(bytes.begin(), '\x07');  // a wire type that does not exist: never a message
      EXPECT_FALSE(CallRaw(people, method, bytes, token).ok()) << method->full_name();
      EXPECT_FALSE(CallRaw(agents, method, bytes).ok()) << method->full_name();
    }
  }
  EXPECT_TRUE(Look(people, token).ok());
}

TEST(Wire, WithoutTlsOnlyThisMachineIsServed) {
  postgres::Pool pool(NewDatabase(), 1, 10);
  rpc::Parking parking(&pool, std::chrono::seconds(1));
  rpc::Backend backend;
  backend.pool = &pool;
  backend.parking = &parking;
  rpc::ListenOptions options;
  options.address = "0.0.0.0:0";
  auto refused = rpc::Server::Start(options, backend);
  ASSERT_EQ(refused.status().code(), quantfleet::StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("--tls"));
  options.address = options.agent_address = "127.0.0.1:0";
  EXPECT_EQ(rpc::Server::Start(options, backend).status().code(),
            quantfleet::StatusCode::kInvalidArgument);
}

// A coordinator without TLS on loopback.
struct PlainCoordinator {
  PlainCoordinator() : pool(conninfo, 2, 100), parking(&pool, std::chrono::seconds(1)) {
    rpc::Backend backend;
    backend.pool = &pool;
    backend.parking = &parking;
    server = *rpc::Server::Start("127.0.0.1:0", backend);
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(server->port()),
                                  grpc::InsecureChannelCredentials());
  }
  grpc::Status Create(const std::string& role, const std::string& token, std::string* made) {
    v1::CreateTokenRequest request;
    request.set_principal(role);
    request.set_role(role);
    v1::CreateTokenResponse response;
    const auto status = CallMethod(channel, "AccessService/CreateToken", request, &response, token);
    *made = response.token();
    return status;
  }

  std::string conninfo = NewDatabase();
  postgres::Pool pool;
  rpc::Parking parking;
  std::unique_ptr<rpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;
};

TEST(Wire, OnLoopbackTheFirstTokenEndsTheTimeWithout) {
  PlainCoordinator coordinator;
  const auto& channel = coordinator.channel;
  EXPECT_TRUE(Look(channel, "").ok());
  EXPECT_EQ(Look(channel, access::MakeSecret().text).error_code(), StatusCode::UNAUTHENTICATED)
      << "a wrong token is no better than none";
  std::string admin, viewer;
  EXPECT_EQ(coordinator.Create("viewer", "", &viewer).error_code(), StatusCode::FAILED_PRECONDITION)
      << "nobody could make an admin afterwards";
  ASSERT_TRUE(coordinator.Create("admin", "", &admin).ok());
  EXPECT_EQ(Look(channel, "").error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(coordinator.Create("viewer", "", &viewer).error_code(), StatusCode::UNAUTHENTICATED);
  ASSERT_TRUE(coordinator.Create("viewer", admin, &viewer).ok());
  EXPECT_TRUE(Look(channel, viewer).ok());
  EXPECT_EQ(coordinator.Create("admin", viewer, &admin).error_code(),
            StatusCode::PERMISSION_DENIED);
  v1::HelloResponse hello;
  EXPECT_TRUE(CallMethod(channel, "AgentService/Hello", HelloOf("a"), &hello).ok())
      << "agents of this machine need nothing";
  // That all tokens are over does not open the door again.
  postgres::Connection db(coordinator.conninfo);
  Scalar(db, "UPDATE token SET expire_time = '-infinity' RETURNING 1");
  EXPECT_EQ(Look(channel, "").error_code(), StatusCode::UNAUTHENTICATED);
  v1::EnrolRequest enrol;
  EXPECT_EQ(CallMethod(channel, "EnrolmentService/Enrol", enrol, nullptr).error_code(),
            StatusCode::FAILED_PRECONDITION);
}

TEST(Wire, TheServerFindsItsOwnPortBehindTls) {
  SecureCoordinator coordinator;
  EXPECT_TRUE(coordinator.server->AnswersItself(std::chrono::seconds(60)));
  coordinator.server->SetServing(false);
  EXPECT_TRUE(coordinator.server->AnswersItself(std::chrono::seconds(60)))
      << "NOT_SERVING is an answer";
}

TEST(Wire, AConnectionCarriesALimitedNumberOfCalls) {
  // Few, so that all of them hang long before the first one's 25 s are over.
  constexpr size_t kCalls = 24, kMost = 16;
  rpc::AccessLimits limits = SecureCoordinator::Generous();
  limits.calls_per_connection = kMost;
  SecureCoordinator coordinator(limits);
  const std::string token = coordinator.Token("ada", Role::kAdmin);
  const auto submitted = postgres::SubmitMatrix(coordinator.db, SubmissionOf("one", 1));
  ASSERT_TRUE(submitted.ok());
  v1::GetMatrixRequest request;
  request.set_matrix_id(submitted->matrix.matrix_id());
  request.set_known_version(uint64_t{1} << 40);
  request.set_wait_seconds(25);
  const auto stub = v1::MatrixService::NewStub(coordinator.Connect(nullptr));
  std::vector<grpc::ClientContext> contexts(kCalls);
  std::vector<v1::GetMatrixResponse> responses(kCalls);
  std::atomic<size_t> ended = 0;
  for (size_t i = 0; i < kCalls; ++i) {
    contexts[i].AddMetadata("authorization", "Bearer " + token);
    stub->async()->GetMatrix(&contexts[i], &request, &responses[i],
                             [&](const grpc::Status&) { ++ended; });
  }
  while (coordinator.parking.Waiting() < kMost && ended == 0) std::this_thread::yield();
  // What must not come gives no sign: without the limit the others are parked by then.
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(ended, 0U);
  EXPECT_EQ(coordinator.parking.Waiting(), kMost) << "the others wait at the caller's";
  for (grpc::ClientContext& context : contexts) context.TryCancel();
  while (ended < kCalls) std::this_thread::yield();
}

TEST(Wire, WhoConnectsAndSaysNothingIsHungUpOn) {
  SecureCoordinator coordinator;
  const auto begin = std::chrono::steady_clock::now();
  SendRaw(coordinator.server->port(), "", false);
  SendRaw(coordinator.server->agent_port(), "", false);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GT(took, std::chrono::seconds(5)) << "slow machines have time";
  EXPECT_LT(took, std::chrono::seconds(60));
}

}  // namespace
}  // namespace quantfleet::testing
