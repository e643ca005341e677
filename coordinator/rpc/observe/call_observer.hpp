// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/server_interceptor.h>

#include "base/clock.hpp"
#include "coordinator/access/rate_limiter.hpp"
#include "coordinator/metrics/metrics.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::rpc {

// Sees every call of a server: gives it a request id, counts its answer, and logs it if it failed
// or was slow. A caller's own id in the metadata `x-request-id` is kept if it is one header of 1 to
// 64 of a-z A-Z 0-9 . - _ and no token; otherwise a random one takes its place. Failures carry the
// id in their trailing metadata.
class CallObserver final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  // `metrics` may be null, and outlives the server.
  explicit CallObserver(metrics::Metrics* metrics);

  // Called by gRPC for each call; gRPC owns what it returns.
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* info) override;

  // An answer is about to be sent. `method` as "/quantfleet.v1.AgentService/Sync".
  void Note(std::string_view method, const std::string& request_id,
            const grpc::ServerContextBase& context, const grpc::Status& status, Duration took);
  // The answer of a Report is about to be sent.
  void NoteVerdicts(const v1::ReportResponse& response);

 private:
  metrics::Metrics* const metrics_;
  // Lines about failures, by method: whoever floods the port does not flood the log.
  access::RateLimiter lines_;
};

// The id of a call that an observer saw; empty without one.
std::string RequestIdOf(const grpc::CallbackServerContext& context);

}  // namespace quantfleet::rpc
