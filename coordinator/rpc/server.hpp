// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "coordinator/rpc/access/gate.hpp"
#include "coordinator/rpc/access/tls_files.hpp"
#include "coordinator/rpc/services.hpp"

namespace quantfleet::rpc {

// Where a server listens, and how it knows its callers.
struct ListenOptions {
  std::string address;  // "127.0.0.1:7070"; port 0 takes a free one
  // Further port that asks for a certificate in the handshake, so that nobody without one gets as
  // far as a call; empty: none. Needs TLS.
  std::string agent_address;
  std::optional<TlsFiles> tls;  // without it only loopback is served
  AccessLimits limits;
};

// The gRPC server over one backend.
class Server {
 public:
  // kInvalidArgument: an address that is not loopback, or one for agents, without TLS.
  // kUnavailable: a port is taken.
  static Result<std::unique_ptr<Server>> Start(const ListenOptions& options,
                                               const Backend& backend);
  // Without TLS on a loopback address.
  static Result<std::unique_ptr<Server>> Start(const std::string& address, const Backend& backend);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  // 0 without one.
  int agent_port() const;
  // What the health service of gRPC says (https://grpc.io/docs/guides/health-checking/); SERVING at
  // the start, never again once stopping.
  void SetServing(bool serving);
  // Asks the health service through the server's own port, as a stranger would. False if no answer
  // came in time.
  bool AnswersItself(Duration patience);
  // Says NOT_SERVING, answers parked calls, then waits for the others, at most a few seconds.
  // Idempotent.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quantfleet::rpc
