// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/session/coordinator_client.hpp"
#include "agent/session/identity.hpp"

namespace grpc {
class Channel;
}

namespace quantfleet::agent {

// A client that goes on under another certificate without losing a call. Thread-safe.
class GrpcCoordinator : public CoordinatorClient {
 public:
  // Later calls show `identity`; those that hang end under the one before.
  virtual void UseIdentity(const Identity& identity) = 0;
};

// A client of the coordinator at `address` ("host:port", or any gRPC target), without TLS if
// `identity` is null. Does not connect by itself; calls connect and reconnect.
std::unique_ptr<GrpcCoordinator> MakeGrpcClient(const std::string& address,
                                                const Identity* identity = nullptr);

// The channel such a client talks over.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address, const Identity* identity);

}  // namespace quantfleet::agent
