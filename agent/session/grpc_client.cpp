// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/grpc_client.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "base/clock.hpp"

#include "quantfleet/v1/agent_service.grpc.pb.h"

namespace quantfleet::agent {
namespace {

constexpr double kCallSeconds = 20;
constexpr double kGoodbyeSeconds = 2;
// A hanging call is answered late when the coordinator is busy.
constexpr double kHangSlackSeconds = 15;
// Longer than the coordinator's least interval between pings without data (5 s).
constexpr int kPingEveryMs = 20'000;
constexpr int kPingTimeoutMs = 10'000;
// A call on a channel that is not connected fails at once, and gRPC then looks at the connection it
// makes only every 5 s (its backup poll): somebody has to wait for it.
constexpr double kConnectSeconds = 2;
constexpr double kLookSeconds = 0.1;
// Below the longest wait of the session's own backoff, which a slower reconnect would outlast.
constexpr int kReconnectMs = 2'000;

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  return arguments;
}

Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return OkStatus();
  return Status(static_cast<StatusCode>(status.error_code()), status.error_message());
}

class GrpcClient : public GrpcCoordinator {
 public:
  GrpcClient(const std::string& address, const Identity* identity)
      : address_(address), channel_(MakeChannel(address, identity)) {}

  void UseIdentity(const Identity& identity) override {
    auto fresh = MakeChannel(address_, &identity);
    const std::lock_guard lock(mutex_);
    channel_ = std::move(fresh);
  }

  Result<v1::HelloResponse> Hello(const v1::HelloRequest& request,
                                  const std::stop_token& stop) override {
    return Call<v1::HelloResponse>(&v1::AgentService::Stub::Hello, request, kCallSeconds, stop);
  }
  Result<v1::SyncResponse> Sync(const v1::SyncRequest& request,
                                const std::stop_token& stop) override {
    const double seconds = request.max_wait_seconds() + kHangSlackSeconds;
    return Call<v1::SyncResponse>(&v1::AgentService::Stub::Sync, request, seconds, stop);
  }
  Result<v1::ReportResponse> Report(const v1::ReportRequest& request,
                                    const std::stop_token& stop) override {
    return Call<v1::ReportResponse>(&v1::AgentService::Stub::Report, request, kCallSeconds, stop);
  }
  Status Goodbye(const v1::GoodbyeRequest& request) override {
    return Call<v1::GoodbyeResponse>(&v1::AgentService::Stub::Goodbye, request, kGoodbyeSeconds,
                                     std::stop_token())
        .status();
  }

 private:
  // Until connected, stopped, or kConnectSeconds have passed.
  static void AwaitConnection(grpc::Channel& channel, const std::stop_token& stop) {
    for (double left = kConnectSeconds; left > 0 && !stop.stop_requested(); left -= kLookSeconds) {
      const auto look = std::chrono::duration_cast<std::chrono::system_clock::duration>(
          FromSeconds(kLookSeconds));
      if (channel.WaitForConnected(std::chrono::system_clock::now() + look)) return;
    }
  }

  template <typename Response, typename Request>
  using Method = grpc::Status (v1::AgentService::Stub::*)(grpc::ClientContext*, const Request&,
                                                          Response*);

  template <typename Response, typename Request>
  Result<Response> Call(Method<Response, Request> method, const Request& request, double seconds,
                        const std::stop_token& stop) {
    const std::shared_ptr<grpc::Channel> channel = Present();
    AwaitConnection(*channel, stop);
    grpc::ClientContext context;
    context.set_deadline(
        std::chrono::system_clock::now() +
        std::chrono::duration_cast<std::chrono::system_clock::duration>(FromSeconds(seconds)));
    // TryCancel before the call has begun is remembered by the context.
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    Response response;
    const auto stub = v1::AgentService::NewStub(channel);
    const Status status = FromGrpc(((*stub).*method)(&context, request, &response));
    if (!status.ok()) return status;
    return response;
  }

  std::shared_ptr<grpc::Channel> Present() {
    const std::lock_guard lock(mutex_);
    return channel_;
  }

  const std::string address_;
  std::mutex mutex_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const Identity* identity) {
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (identity != nullptr) {
    credentials = grpc::SslCredentials(
        {identity->authority_pem, identity->key_pem, identity->certificate_pem});
  }
  return grpc::CreateCustomChannel(address, credentials, Arguments());
}

std::unique_ptr<GrpcCoordinator> MakeGrpcClient(const std::string& address,
                                                const Identity* identity) {
  return std::make_unique<GrpcClient>(address, identity);
}

}  // namespace quantfleet::agent
