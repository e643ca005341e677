// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <grpcpp/support/server_callback.h>

#include "base/status.hpp"
#include "coordinator/postgres/pool.hpp"

namespace quantfleet::rpc {

// Codes have the same numbers; see base/status.hpp.
inline grpc::Status ToGrpc(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message()};
}

// Answers a unary call from the database pool, never from a gRPC thread (grpc/grpc#36609: blocking
// there starves the process). `handler` is Result<Response>(Connection&); the reactor always
// finishes.
template <typename Response, typename Handler>
grpc::ServerUnaryReactor* AnswerFromPool(postgres::Pool* pool, grpc::CallbackServerContext* context,
                                         Response* response, Handler handler) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool posted = pool->Post(
      [reactor, response, handler = std::move(handler)](postgres::Connection& db) mutable {
        Result<Response> result = handler(db);
        if (result.ok()) *response = *std::move(result);
        reactor->Finish(ToGrpc(result.ok() ? OkStatus() : result.status()));
      });
  if (!posted) {
    reactor->Finish(ToGrpc(Unavailable("the coordinator is busy or stopping; try again")));
  }
  return reactor;
}

}  // namespace quantfleet::rpc
