// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/client.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "quantfleet/v1/fleet_service.grpc.pb.h"
#include "quantfleet/v1/matrix_service.grpc.pb.h"
#include "quantfleet/v1/result_service.grpc.pb.h"

namespace quantfleet::cli {
namespace {

constexpr Duration kDeadline = std::chrono::seconds(60);
constexpr int kMaxReceiveBytes = 256 * 1024 * 1024;  // a comparison of many arms is one message

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// Stub::Method of one attempt, again while the server is away.
template <typename Response, typename Call>
Result<Response> Retry(Duration patience, const Call& call) {
  const Duration give_up = Clock::Steady()->Now() + patience;
  Duration pause = std::chrono::milliseconds(100);
  while (true) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    Response response;
    const grpc::Status status = call(&context, &response);
    if (status.ok()) return response;
    const bool away = status.error_code() == grpc::StatusCode::UNAVAILABLE;
    if (!away || Clock::Steady()->Now() + pause > give_up) {
      return Status(static_cast<StatusCode>(status.error_code()), status.error_message());
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
        fleet(v1::FleetService::NewStub(channel)) {}
  std::unique_ptr<v1::MatrixService::Stub> matrix;
  std::unique_ptr<v1::ResultService::Stub> result;
  std::unique_ptr<v1::FleetService::Stub> fleet;
};

Client::Client(const std::string& address, Duration patience)
    : stubs_(std::make_unique<Stubs>(Connect(address))), patience_(patience) {}
Client::~Client() = default;

// One line a method; the macro keeps them from drifting apart.
#define QF_CLIENT_METHOD(Method, stub)                                                 \
  Result<v1::Method##Response> Client::Method(const v1::Method##Request& request) {    \
    return Retry<v1::Method##Response>(                                                \
        patience_, [&](grpc::ClientContext* context, v1::Method##Response* response) { \
          return stubs_->stub->Method(context, request, response);                     \
        });                                                                            \
  }

QF_CLIENT_METHOD(SubmitMatrix, matrix)
QF_CLIENT_METHOD(GetMatrix, matrix)
QF_CLIENT_METHOD(ListMatrices, matrix)
QF_CLIENT_METHOD(CancelMatrix, matrix)
QF_CLIENT_METHOD(RetryMatrix, matrix)
QF_CLIENT_METHOD(ExplainBlocks, matrix)
QF_CLIENT_METHOD(CompareMatrix, result)
QF_CLIENT_METHOD(ListMeasurements, result)
QF_CLIENT_METHOD(ListSessions, fleet)
QF_CLIENT_METHOD(DrainAgent, fleet)
#undef QF_CLIENT_METHOD

}  // namespace quantfleet::cli
