// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/server.hpp"

#include <chrono>
#include <initializer_list>
#include <utility>

#include <grpcpp/grpcpp.h>

namespace quantfleet::rpc {
namespace {

constexpr int kMaxReceiveBytes = 16 * 1024 * 1024;  // reports carry raw samples

// "127.example.com" is a name, not an address of ours.
bool IsLoopback(const std::string& address) {
  const std::string host = address.substr(0, address.rfind(':'));
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string::npos;
  return (is_ipv4 && host.starts_with("127.")) || host == "localhost" || host == "[::1]";
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(const Backend& backend)
      : backend_(backend),
        agent_(MakeAgentService(backend)),
        matrix_(MakeMatrixService(backend)),
        result_(MakeResultService(backend)),
        fleet_(MakeFleetService(backend)),
        admin_(MakeAdminService(backend)) {}

  Status Start(const std::string& address) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
    // Clients ping while a call hangs; the default server takes that for an attack after 40 s.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    // Two coordinators must not share a port by accident.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             agent_.get(), matrix_.get(), result_.get(), fleet_.get(), admin_.get()}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    if (!server_ || port_ == 0) return Unavailable("cannot listen on " + address);
    return OkStatus();
  }

  void Stop() {
    if (!server_) return;
    // Shutdown waits for every reactor (grpc/grpc#39114): the parked ones go first.
    backend_.parking->Drain();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(3));
    server_.reset();
  }

  int port() const { return port_; }

 private:
  const Backend backend_;
  std::unique_ptr<v1::AgentService::CallbackService> agent_;
  std::unique_ptr<v1::MatrixService::CallbackService> matrix_;
  std::unique_ptr<v1::ResultService::CallbackService> result_;
  std::unique_ptr<v1::FleetService::CallbackService> fleet_;
  std::unique_ptr<v1::AdminService::CallbackService> admin_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  impl_->Stop();
}

Result<std::unique_ptr<Server>> Server::Start(const std::string& address, const Backend& backend) {
  if (!IsLoopback(address)) {
    return InvalidArgument("cannot listen on " + address +
                           ": without TLS only loopback addresses are served");
  }
  auto impl = std::make_unique<Impl>(backend);
  QF_RETURN_IF_ERROR(impl->Start(address));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

int Server::port() const {
  return impl_->port();
}
void Server::Stop() {
  impl_->Stop();
}

}  // namespace quantfleet::rpc
