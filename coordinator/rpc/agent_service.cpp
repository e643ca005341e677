// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/logging.hpp"
#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/access/ownership.hpp"
#include "coordinator/postgres/report_store.hpp"
#include "coordinator/rpc/handlers.hpp"
#include "coordinator/rpc/services.hpp"
#include "coordinator/rpc/unary.hpp"

namespace quantfleet::rpc {
namespace {

constexpr double kMaxWaitSeconds = 25;  // below the idle limits of common proxies

using postgres::Connection;

// An agent that proved its name speaks for its own sessions alone.
Status CheckSession(Connection& db, const std::string& session_id, const Caller& caller) {
  if (!caller.verified) return OkStatus();
  return postgres::CheckOwnSession(db, session_id, caller.actor.principal);
}

v1::ReportVerdict NotGranted(const std::string& block_id, uint64_t epoch) {
  v1::ReportVerdict verdict;
  verdict.set_block_id(block_id);
  verdict.set_epoch(epoch);
  verdict.set_disposition(v1::DISPOSITION_REJECTED);
  verdict.set_reason("it was not granted to this agent");
  return verdict;
}

Result<v1::ReportResponse> Store(Connection& db, const v1::ReportRequest& request,
                                 const postgres::LeasePolicy& policy, const Caller& caller) {
  QF_RETURN_IF_ERROR(CheckReport(request));
  QF_RETURN_IF_ERROR(CheckSession(db, request.session_id(), caller));
  postgres::Grants own;
  if (caller.verified) {
    QF_ASSIGN_OR_RETURN(own, postgres::OwnGrants(db, request, caller.actor.principal));
  }
  const auto is_foreign = [&](const std::string& block_id, uint64_t epoch) {
    return caller.verified && !own.contains({block_id, epoch});
  };
  v1::ReportResponse response;
  for (const v1::BlockResult& result : request.results()) {
    if (is_foreign(result.block_id(), result.epoch())) {
      *response.add_verdicts() = NotGranted(result.block_id(), result.epoch());
      continue;
    }
    QF_ASSIGN_OR_RETURN(*response.add_verdicts(),
                        postgres::StoreResult(db, request.session_id(), result));
  }
  for (const v1::BlockFailure& failure : request.failures()) {
    if (is_foreign(failure.block_id(), failure.epoch())) {
      *response.add_verdicts() = NotGranted(failure.block_id(), failure.epoch());
      continue;
    }
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
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db, const Caller& caller) -> Result<v1::HelloResponse> {
          QF_RETURN_IF_ERROR(CheckHello(*request));
          if (caller.verified && request->agent_name() != caller.actor.principal) {
            return access::PermissionDenied("the certificate is agent " + caller.actor.principal +
                                            "'s; it cannot be " + request->agent_name());
          }
          auto opened = postgres::OpenSession(db, *request, backend_.policy);
          if (opened.ok()) {
            log::Info("session opened", {{"session", opened->session_id()},
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
    AdmitOnPool(
        backend_, context, request, reactor,
        [this, context, request, response, reactor](Connection& db, const Caller& caller) {
          const Status own = CheckSession(db, request->session_id(), caller);
          if (!own.ok()) return reactor->Finish(ToGrpc(own));
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
    return reactor;
  }

  grpc::ServerUnaryReactor* Report(grpc::CallbackServerContext* context,
                                   const v1::ReportRequest* request,
                                   v1::ReportResponse* response) override {
    return AnswerFromPool(backend_, context, request, response,
                          [this, request](Connection& db, const Caller& caller) {
                            auto stored = Store(db, *request, backend_.policy, caller);
                            backend_.parking->Wake();
                            return stored;
                          });
  }

  grpc::ServerUnaryReactor* Goodbye(grpc::CallbackServerContext* context,
                                    const v1::GoodbyeRequest* request,
                                    v1::GoodbyeResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db, const Caller& caller) -> Result<v1::GoodbyeResponse> {
          QF_RETURN_IF_ERROR(CheckSession(db, request->session_id(), caller));
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
