// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <grpcpp/support/server_callback.h>

#include "base/logging.hpp"
#include "base/status.hpp"
#include "coordinator/postgres/pool.hpp"
#include "coordinator/postgres/results/reader.hpp"
#include "coordinator/rpc/access/gate.hpp"
#include "coordinator/rpc/observe/call_observer.hpp"
#include "coordinator/rpc/services.hpp"

namespace quantfleet::rpc {

// Codes have the same numbers; see base/status.hpp.
inline grpc::Status ToGrpc(const Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message()};
}

// Runs `work`(Connection&, const Caller&) on the database pool, never on a gRPC thread
// (grpc/grpc#36609: blocking there starves the process), once the gate has let the caller in.
// Otherwise, and if the pool is full, the call is finished here. The only way from a call to the
// store.
template <typename Request, typename Work>
void AdmitOnPool(const Backend& backend, grpc::CallbackServerContext* context,
                 const Request* request, grpc::ServerUnaryReactor* reactor, Work work) {
  const bool posted =
      backend.pool->Post([gate = backend.gate, context, request, reactor,
                          work = std::move(work)](postgres::Connection& db) mutable {
        const log::RequestScope scope(RequestIdOf(*context));
        const Result<Caller> caller = gate->Admit(db, *context, *request);
        if (!caller.ok()) return reactor->Finish(ToGrpc(caller.status()));
        work(db, *caller);
      });
  if (!posted) {
    reactor->Finish(ToGrpc(Unavailable("the coordinator is busy or stopping; try again")));
  }
}

// Answers a unary call. `handler` is Result<Response>(Connection&, const Caller&); the reactor
// always finishes.
template <typename Request, typename Response, typename Handler>
grpc::ServerUnaryReactor* AnswerFromPool(const Backend& backend,
                                         grpc::CallbackServerContext* context,
                                         const Request* request, Response* response,
                                         Handler handler) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  AdmitOnPool(backend, context, request, reactor,
              [reactor, response, handler = std::move(handler)](postgres::Connection& db,
                                                                const Caller& caller) mutable {
                Result<Response> result = handler(db, caller);
                if (result.ok()) *response = *std::move(result);
                reactor->Finish(ToGrpc(result.ok() ? OkStatus() : result.status()));
              });
  return reactor;
}

// Answers a reading call, from a standby of the database if there is one that knows all; the caller
// is admitted by the primary. `handler` is Result<Response>(Connection&), may run twice and owns
// what it needs but the request.
template <typename Request, typename Response, typename Handler>
grpc::ServerUnaryReactor* AnswerFromReader(const Backend& backend,
                                           grpc::CallbackServerContext* context,
                                           const Request* request, Response* response,
                                           Handler handler) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto job = [context, response, handler](postgres::Connection& db) -> Status {
    const log::RequestScope scope(RequestIdOf(*context));
    QF_ASSIGN_OR_RETURN(*response, handler(db));
    return OkStatus();
  };
  const auto done = [reactor](const Status& status) { reactor->Finish(ToGrpc(status)); };
  AdmitOnPool(backend, context, request, reactor,
              [reader = backend.reader, job, done](postgres::Connection& db, const Caller&) {
                if (reader == nullptr) return done(job(db));
                reader->Read(db, job, done);
              });
  return reactor;
}

}  // namespace quantfleet::rpc
