// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/logging.hpp"
#include "coordinator/postgres/report_store.hpp"
#include "coordinator/rpc/handlers.hpp"
#include "coordinator/rpc/services.hpp"
#include "coordinator/rpc/unary.hpp"

namespace quantfleet::rpc {
namespace {

constexpr double kMaxWaitSeconds = 25;  // below the idle limits of common proxies

using postgres::Connection;

Result<v1::ReportResponse> Store(Connection& db, const v1::ReportRequest& request,
                                 const postgres::LeasePolicy& policy) {
  QF_RETURN_IF_ERROR(CheckReport(request));
  v1::ReportResponse response;
  for (const v1::BlockResult& result : request.results()) {
    QF_ASSIGN_OR_RETURN(*response.add_verdicts(),
                        postgres::StoreResult(db, request.session_id(), result));
  }
  for (const v1::BlockFailure& failure : request.failures()) {
    QF_ASSIGN_OR_RETURN(*response.add_verdicts(), postgres::StoreFailure(db, failure, policy));
  }
  return response;
}

class AgentServiceImpl final : public v1::AgentService::CallbackService {
 public:
  explicit AgentServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* Hello(grpc::CallbackServerContext* context,
                                  const v1::HelloRequest* request,
                                  v1::HelloResponse* response) override {
    return AnswerFromPool(backend_.pool, context, response,
                          [this, request](Connection& db) -> Result<v1::HelloResponse> {
                            QF_RETURN_IF_ERROR(CheckHello(*request));
                            auto opened = postgres::OpenSession(db, *request, backend_.policy);
                            if (opened.ok()) {
                              log::Info("session opened",
                                        {{"session", opened->session_id()},
                                         {"agent", request->agent_name()},
                                         {"device", request->device().device().device_class()}});
                            }
                            backend_.parking->Wake();
                            return opened;
                          });
  }

  grpc::ServerUnaryReactor* Sync(grpc::CallbackServerContext* context,
                                 const v1::SyncRequest* request,
                                 v1::SyncResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const bool posted =
        backend_.pool->Post([this, context, request, response, reactor](Connection& db) {
          if (AnswerSync(db, *context, *request, *response, reactor, false)) return;
          ParkedCall call;
          call.session_id = request->session_id();
          call.deadline = Clock::Steady()->Now() +
                          FromSeconds(std::min(request->max_wait_seconds(), kMaxWaitSeconds));
          call.attempt = [this, context, request, response, reactor](Connection& again, bool last) {
            return AnswerSync(again, *context, *request, *response, reactor, last);
          };
          backend_.parking->Park(std::move(call));
        });
    if (!posted) reactor->Finish(ToGrpc(Unavailable("the coordinator is busy or stopping")));
    return reactor;
  }

  grpc::ServerUnaryReactor* Report(grpc::CallbackServerContext* context,
                                   const v1::ReportRequest* request,
                                   v1::ReportResponse* response) override {
    return AnswerFromPool(backend_.pool, context, response, [this, request](Connection& db) {
      auto stored = Store(db, *request, backend_.policy);
      backend_.parking->Wake();
      return stored;
    });
  }

  grpc::ServerUnaryReactor* Goodbye(grpc::CallbackServerContext* context,
                                    const v1::GoodbyeRequest* request,
                                    v1::GoodbyeResponse* response) override {
    return AnswerFromPool(
        backend_.pool, context, response,
        [this, request](Connection& db) -> Result<v1::GoodbyeResponse> {
          QF_RETURN_IF_ERROR(postgres::CloseSession(db, request->session_id(), request->reason()));
          backend_.parking->Wake();
          return v1::GoodbyeResponse();
        });
  }

 private:
  // True if it answered. An idle device with nothing to do is answered only with `last`.
  bool AnswerSync(Connection& db, const grpc::CallbackServerContext& context,
                  const v1::SyncRequest& request, v1::SyncResponse& response,
                  grpc::ServerUnaryReactor* reactor, bool last) {
    // A block granted to a caller that hung up would lie idle until its lease ends.
    if (context.IsCancelled()) {
      reactor->Finish({grpc::StatusCode::CANCELLED, "the caller is gone"});
      return true;
    }
    auto synced = postgres::SyncSession(db, request, backend_.policy);
    const bool idle = synced.ok() && !request.has_running() &&
                      synced->action_case() == v1::SyncResponse::ACTION_NOT_SET;
    const bool may_wait = request.max_wait_seconds() > 0 && !request.draining();
    if (idle && may_wait && !last) return false;
    if (synced.ok()) response = *std::move(synced);
    reactor->Finish(ToGrpc(synced.status()));
    return true;
  }

  const Backend backend_;
};

}  // namespace

std::unique_ptr<v1::AgentService::CallbackService> MakeAgentService(const Backend& backend) {
  return std::make_unique<AgentServiceImpl>(backend);
}

}  // namespace quantfleet::rpc
