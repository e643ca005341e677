// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>

#include "base/clock.hpp"

namespace quantfleet::rpc {

struct ListenOptions;

// A client of a server's own port. Used by one thread at a time.
class OwnPort {
 public:
  // `port` is the one that `options.address` got.
  OwnPort(const ListenOptions& options, int port);

  // True if the health service answered in time, whatever it said.
  bool Answers(Duration patience);

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

// Where a client on this machine reaches a server that listens on `address`, which may mean every
// interface ("0.0.0.0:7070", "[::]:7070").
std::string ReachableAddress(const std::string& address, int port);

}  // namespace quantfleet::rpc
