// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/client.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "base/address.hpp"
#include "base/ids.hpp"
#include "pki/files.hpp"

#include "quantfleet/v1/access_service.grpc.pb.h"
#include "quantfleet/v1/fleet_service.grpc.pb.h"
#include "quantfleet/v1/matrix_service.grpc.pb.h"
#include "quantfleet/v1/result_service.grpc.pb.h"
#include "quantfleet/v1/schedule_service.grpc.pb.h"
#include "quantfleet/v1/series_service.grpc.pb.h"

namespace quantfleet::cli {
namespace {

constexpr Duration kDeadline = std::chrono::seconds(60);
constexpr int kMaxReceiveBytes = 256 * 1024 * 1024;  // a comparison of many arms is one message

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// From the file, the environment or the identity's folder, in this order; empty: none. Never from a
// flag, which every user of the machine can read.
Result<std::string> TokenOf(const Remote& remote) {
  std::string file = remote.token_file;
  if (file.empty()) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing writes the environment
    if (const char* token = std::getenv("QUANTFLEET_TOKEN")) return std::string(token);
    const std::string beside = remote.identity + "/" + pki::kTokenFile;
    if (!remote.identity.empty() && pki::FileExists(beside)) file = beside;
  }
  if (file.empty()) return std::string();
  QF_ASSIGN_OR_RETURN(const std::string text, pki::ReadSecret(file));
  return Trimmed(text);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const Remote& remote) {
  if (remote.identity.empty()) {
    if (IsLoopback(remote.address)) return grpc::InsecureChannelCredentials();
    return InvalidArgument(remote.address +
                           " is another machine: give --identity, a folder with "
                           "its ca.crt");
  }
  grpc::SslCredentialsOptions options;
  QF_ASSIGN_OR_RETURN(options.pem_root_certs,
                      pki::ReadPublic(remote.identity + "/" + pki::kAuthorityFile));
  if (pki::FileExists(remote.identity + "/client.crt")) {
    QF_ASSIGN_OR_RETURN(options.pem_cert_chain, pki::ReadPublic(remote.identity + "/client.crt"));
    QF_ASSIGN_OR_RETURN(options.pem_private_key, pki::ReadSecret(remote.identity + "/client.key"));
  }
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::Channel> Connect(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  // In spite of its name how long a connection may take to be made, handshakes and all.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 10'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

// Stub::Method of one attempt, again while the server is away.
template <typename Response, typename Call>
Result<Response> Retry(Duration patience, const std::string& token, const Call& call) {
  const Duration give_up = Clock::Steady()->Now() + patience;
  Duration pause = std::chrono::milliseconds(100);
  // One for all attempts: by it the coordinator's log tells what became of them.
  const std::string request_id = RandomId("req_");
  while (true) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    context.AddMetadata("x-request-id", request_id);
    Response response;
    const grpc::Status status = call(&context, &response);
    if (status.ok()) return response;
    const bool away = status.error_code() == grpc::StatusCode::UNAVAILABLE;
    if (!away || Clock::Steady()->Now() + pause > give_up) {
      const auto code = static_cast<StatusCode>(status.error_code());
      // What is wrong with the input says it all; of the rest the coordinator's log knows more.
      const bool plain = code == StatusCode::kInvalidArgument;
      return Status(code, status.error_message() + (plain ? "" : " (request " + request_id + ")"));
    }
    Clock::Steady()->SleepFor(pause);
    pause = std::min<Duration>(2 * pause, std::chrono::seconds(1));
  }
}

}  // namespace

struct Client::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : matrix(v1::MatrixService::NewStub(channel)),
        result(v1::ResultService::NewStub(channel)),
        fleet(v1::FleetService::NewStub(channel)),
        access(v1::AccessService::NewStub(channel)),
        schedule(v1::ScheduleService::NewStub(channel)),
        series(v1::SeriesService::NewStub(channel)) {}
  std::unique_ptr<v1::MatrixService::Stub> matrix;
  std::unique_ptr<v1::ResultService::Stub> result;
  std::unique_ptr<v1::FleetService::Stub> fleet;
  std::unique_ptr<v1::AccessService::Stub> access;
  std::unique_ptr<v1::ScheduleService::Stub> schedule;
  std::unique_ptr<v1::SeriesService::Stub> series;
};

Client::Client(const Remote& remote, Duration patience) : patience_(patience) {
  auto credentials = CredentialsOf(remote);
  auto token = TokenOf(remote);
  problem_ = credentials.ok() ? token.status() : credentials.status();
  if (!problem_.ok()) return;
  token_ = *std::move(token);
  stubs_ = std::make_unique<Stubs>(Connect(remote.address, *credentials));
}
Client::~Client() = default;

// One line a method; the macro keeps them from drifting apart.
#define QF_CLIENT_METHOD(Method, stub, patience)                                              \
  Result<v1::Method##Response> Client::Method(const v1::Method##Request& request) {           \
    if (!problem_.ok()) return problem_;                                                      \
    return Retry<v1::Method##Response>(                                                       \
        patience, token_, [&](grpc::ClientContext* context, v1::Method##Response* response) { \
          return stubs_->stub->Method(context, request, response);                            \
        });                                                                                   \
  }

QF_CLIENT_METHOD(SubmitMatrix, matrix, patience_)
QF_CLIENT_METHOD(GetMatrix, matrix, patience_)
QF_CLIENT_METHOD(ListMatrices, matrix, patience_)
QF_CLIENT_METHOD(CancelMatrix, matrix, patience_)
QF_CLIENT_METHOD(RetryMatrix, matrix, patience_)
QF_CLIENT_METHOD(ExplainBlocks, matrix, patience_)
QF_CLIENT_METHOD(CompareMatrix, result, patience_)
QF_CLIENT_METHOD(ListCrossovers, result, patience_)
QF_CLIENT_METHOD(ListMeasurements, result, patience_)
QF_CLIENT_METHOD(ListSessions, fleet, patience_)
QF_CLIENT_METHOD(DrainAgent, fleet, patience_)
QF_CLIENT_METHOD(CreateToken, access, Duration())
QF_CLIENT_METHOD(CreateEnrolmentToken, access, Duration())
QF_CLIENT_METHOD(ListTokens, access, patience_)
QF_CLIENT_METHOD(RevokeToken, access, patience_)
QF_CLIENT_METHOD(RevokeAgent, access, patience_)
QF_CLIENT_METHOD(ListAudit, access, patience_)
QF_CLIENT_METHOD(CreateSchedule, schedule, patience_)
QF_CLIENT_METHOD(GetSchedule, schedule, patience_)
QF_CLIENT_METHOD(ListSchedules, schedule, patience_)
QF_CLIENT_METHOD(PauseSchedule, schedule, patience_)
QF_CLIENT_METHOD(ResumeSchedule, schedule, patience_)
QF_CLIENT_METHOD(RemoveSchedule, schedule, patience_)
QF_CLIENT_METHOD(RunSchedule, schedule, patience_)
QF_CLIENT_METHOD(ListTrends, series, patience_)
#undef QF_CLIENT_METHOD

}  // namespace quantfleet::cli
