// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/session/coordinator_client.hpp"

namespace quantfleet::agent {

// A client of the coordinator at `address` ("host:port", or any gRPC target), without TLS. Does
// not connect by itself; calls connect and reconnect.
std::unique_ptr<CoordinatorClient> MakeGrpcClient(const std::string& address);

}  // namespace quantfleet::agent
