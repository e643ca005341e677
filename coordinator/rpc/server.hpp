// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/status.hpp"
#include "coordinator/rpc/services.hpp"

namespace quantfleet::rpc {

// The gRPC server over one backend.
class Server {
 public:
  // Listens on `address` ("127.0.0.1:7070", port 0 takes a free one). kInvalidArgument: not a
  // loopback address: without TLS nothing else is served. kUnavailable: the port is taken.
  static Result<std::unique_ptr<Server>> Start(const std::string& address, const Backend& backend);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;
  // Answers parked calls, then waits for the others, at most a few seconds. Idempotent.
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quantfleet::rpc
