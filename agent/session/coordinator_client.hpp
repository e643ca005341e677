// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::agent {

// The port to a coordinator: the calls of v1::AgentService, each tried once, with a deadline.
// Errors are those of the service; kUnavailable or kDeadlineExceeded: no answer, try again;
// kCancelled: `stop` was requested. Thread-safe.
class CoordinatorClient {
 public:
  virtual ~CoordinatorClient() = default;
  virtual Result<v1::HelloResponse> Hello(const v1::HelloRequest& request,
                                          const std::stop_token& stop) = 0;
  virtual Result<v1::SyncResponse> Sync(const v1::SyncRequest& request,
                                        const std::stop_token& stop) = 0;
  virtual Result<v1::ReportResponse> Report(const v1::ReportRequest& request,
                                            const std::stop_token& stop) = 0;
  // Within a few seconds, also while the program stops.
  virtual Status Goodbye(const v1::GoodbyeRequest& request) = 0;
};

}  // namespace quantfleet::agent
