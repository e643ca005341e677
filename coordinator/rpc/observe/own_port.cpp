// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/observe/own_port.hpp"

#include <chrono>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "coordinator/rpc/server.hpp"

namespace quantfleet::rpc {
namespace {

constexpr const char* kCheck = "/grpc.health.v1.Health/Check";

}  // namespace

std::string ReachableAddress(const std::string& address, int port) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host == "0.0.0.0" || host.empty()) host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return host + ":" + std::to_string(port);
}

OwnPort::OwnPort(const ListenOptions& options, int port) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  auto credentials = grpc::InsecureChannelCredentials();
  if (options.tls) {
    // The certificate is for the names that others use, and there is no secret to tell.
    grpc::experimental::TlsChannelCredentialsOptions trusting;
    trusting.set_verify_server_certs(false);
    trusting.set_check_call_host(false);
    trusting.set_certificate_verifier(
        std::make_shared<grpc::experimental::NoOpCertificateVerifier>());
    credentials = grpc::experimental::TlsCredentials(trusting);
  }
  channel_ =
      grpc::CreateCustomChannel(ReachableAddress(options.address, port), credentials, arguments);
}

bool OwnPort::Answers(Duration patience) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::duration_cast<std::chrono::system_clock::duration>(patience));
  grpc::CompletionQueue queue;
  const grpc::Slice nothing;  // an empty HealthCheckRequest: the server as a whole
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  const auto call = stub.PrepareUnaryCall(&context, kCheck, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status.ok();
}

}  // namespace quantfleet::rpc
