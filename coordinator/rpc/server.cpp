// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/server.hpp"

#include <atomic>
#include <chrono>
#include <initializer_list>
#include <utility>

#include <absl/synchronization/mutex.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/grpcpp.h>

#include "base/address.hpp"
#include "coordinator/rpc/observe/call_observer.hpp"
#include "coordinator/rpc/observe/own_port.hpp"

namespace quantfleet::rpc {
namespace {

constexpr int kMaxReceiveBytes = 16 * 1024 * 1024;  // reports carry raw samples

constexpr int kMaxHeaderBytes = 16 * 1024;
// Whoever connects and says nothing takes a file descriptor for so long.
constexpr int kHandshakeMilliseconds = 10'000;
// A peer that is gone without a word is noticed, and its calls end.
constexpr int kPingMilliseconds = 60'000, kPingAnswerMilliseconds = 20'000;

using CertificateRequest = grpc_ssl_client_certificate_request_type;

std::shared_ptr<grpc::ServerCredentials> Credentials(const std::optional<TlsFiles>& files,
                                                     CertificateRequest request) {
  if (!files) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(request);
  // Leaves signed by the authority of agents chain up to the other: both must be at hand.
  options.pem_root_certs = files->authority_pem + files->agents_pem;
  options.pem_key_cert_pairs.push_back({files->key_pem, files->certificate_pem});
  return grpc::SslServerCredentials(options);
}

Status CheckAddresses(const ListenOptions& options) {
  if (options.tls) return OkStatus();
  if (!options.agent_address.empty()) {
    return InvalidArgument(
        "a port for agents needs TLS: give --tls a folder made by 'quantfleet "
        "pki issue server'");
  }
  if (IsLoopback(options.address)) return OkStatus();
  return InvalidArgument("cannot listen on " + options.address +
                         ": without TLS only loopback addresses are served; give --tls a folder "
                         "made by 'quantfleet pki issue server'");
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ListenOptions& options, const Backend& backend)
      : options_(options),
        gate_(options.tls, options.limits),
        backend_(WithGate(backend, &gate_)),
        agent_(MakeAgentService(backend_)),
        matrix_(MakeMatrixService(backend_)),
        result_(MakeResultService(backend_)),
        fleet_(MakeFleetService(backend_)),
        admin_(MakeAdminService(backend_)),
        access_(MakeAccessService(backend_)),
        enrolment_(MakeEnrolmentService(backend_)),
        schedule_(MakeScheduleService(backend_)),
        series_(MakeSeriesService(backend_)) {}

  Status Start(const ListenOptions& options) {
    // Debian builds abseil to look for cycles in a graph of all locks, which is a lock itself: a
    // tenth of a busy coordinator's time.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    // People may show a token instead of a certificate; one that is shown is verified.
    builder.AddListeningPort(
        options.address, Credentials(options.tls, GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY),
        &port_);
    if (!options.agent_address.empty()) {
      builder.AddListeningPort(
          options.agent_address,
          Credentials(options.tls, GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY),
          &agent_port_);
    }
    builder.SetMaxReceiveMessageSize(kMaxReceiveBytes);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxHeaderBytes);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                               options.limits.calls_per_connection);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kPingMilliseconds);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingAnswerMilliseconds);
    // Clients ping while a call hangs; the default server takes that for an attack after 40 s.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    // Two coordinators must not share a port by accident.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             agent_.get(), matrix_.get(), result_.get(), fleet_.get(), admin_.get(), access_.get(),
             enrolment_.get(), schedule_.get(), series_.get()}) {
      builder.RegisterService(service);
    }
    // gRPC deletes them.
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> observers;
    observers.push_back(std::make_unique<CallObserver>(backend_.metrics));
    builder.experimental().SetInterceptorCreators(std::move(observers));
    server_ = builder.BuildAndStart();
    const bool agents = options.agent_address.empty() || agent_port_ != 0;
    if (!server_ || port_ == 0 || !agents) {
      return Unavailable("cannot listen on " + options.address +
                         (options.agent_address.empty() ? "" : " and " + options.agent_address));
    }
    return OkStatus();
  }

  void Stop() {
    if (!server_) return;
    stopping_ = true;
    SetServing(false);
    // Shutdown waits for every reactor (grpc/grpc#39114): the parked ones go first.
    backend_.parking->Drain();
    server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(3));
    server_.reset();
  }

  void SetServing(bool serving) {
    server_->GetHealthCheckService()->SetServingStatus(serving && !stopping_);
  }

  bool AnswersItself(Duration patience) {
    if (!own_) own_ = std::make_unique<OwnPort>(options_, port_);
    return own_->Answers(patience);
  }

  int port() const { return port_; }
  int agent_port() const { return agent_port_; }

 private:
  static Backend WithGate(Backend backend, Gate* gate) {
    backend.gate = gate;
    return backend;
  }

  const ListenOptions options_;
  Gate gate_;
  const Backend backend_;
  std::unique_ptr<v1::AgentService::CallbackService> agent_;
  std::unique_ptr<v1::MatrixService::CallbackService> matrix_;
  std::unique_ptr<v1::ResultService::CallbackService> result_;
  std::unique_ptr<v1::FleetService::CallbackService> fleet_;
  std::unique_ptr<v1::AdminService::CallbackService> admin_;
  std::unique_ptr<v1::AccessService::CallbackService> access_;
  std::unique_ptr<v1::EnrolmentService::CallbackService> enrolment_;
  std::unique_ptr<v1::ScheduleService::CallbackService> schedule_;
  std::unique_ptr<v1::SeriesService::CallbackService> series_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<OwnPort> own_;
  std::atomic<bool> stopping_ = false;
  int port_ = 0;
  int agent_port_ = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() {
  impl_->Stop();
}

Result<std::unique_ptr<Server>> Server::Start(const ListenOptions& options,
                                              const Backend& backend) {
  QF_RETURN_IF_ERROR(CheckAddresses(options));
  auto impl = std::make_unique<Impl>(options, backend);
  QF_RETURN_IF_ERROR(impl->Start(options));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Result<std::unique_ptr<Server>> Server::Start(const std::string& address, const Backend& backend) {
  ListenOptions options;
  options.address = address;
  return Start(options, backend);
}

int Server::port() const {
  return impl_->port();
}
int Server::agent_port() const {
  return impl_->agent_port();
}
void Server::SetServing(bool serving) {
  impl_->SetServing(serving);
}
bool Server::AnswersItself(Duration patience) {
  return impl_->AnswersItself(patience);
}
void Server::Stop() {
  impl_->Stop();
}

}  // namespace quantfleet::rpc
