// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <utility>
#include <vector>

#include "base/logging.hpp"
#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/access/ownership.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "coordinator/postgres/sync/hello_batch.hpp"
#include "coordinator/postgres/sync/sync_batch.hpp"
#include "coordinator/rpc/batcher.hpp"
#include "coordinator/rpc/handlers.hpp"
#include "coordinator/rpc/services.hpp"
#include "coordinator/rpc/unary.hpp"

namespace quantfleet::rpc {
namespace {

using postgres::Connection;

constexpr int kBatchesAtOnce = 2;    // of each kind
constexpr size_t kMostHellos = 128;  // of up to 256 KiB
constexpr size_t kMostSyncs = 256;
constexpr size_t kMostReports = 64;  // ratios are worked out while a batch is served

// A call on its way through a batch. The reactor is finished exactly once.
template <typename Request, typename Response>
struct AgentCall {
  grpc::CallbackServerContext* context = nullptr;
  const Request* request = nullptr;
  Response* response = nullptr;
  grpc::ServerUnaryReactor* reactor = nullptr;
  Duration deadline{};  // of a Sync, of Clock::Steady: it waits no longer
  bool last = false;    // of a Sync: not even that

  void Finish(const Status& status) const { reactor->Finish(ToGrpc(status)); }
  void Finish(Result<Response> result) const {
    if (result.ok()) *response = *std::move(result);
    Finish(result.ok() ? OkStatus() : result.status());
  }
  static void Refuse(const AgentCall& call) {
    call.Finish(Unavailable("the coordinator is busy or stopping; try again"));
  }
};

using SyncCall = AgentCall<v1::SyncRequest, v1::SyncResponse>;
using HelloCall = AgentCall<v1::HelloRequest, v1::HelloResponse>;
using ReportCall = AgentCall<v1::ReportRequest, v1::ReportResponse>;

// The agent a caller proved to be; empty: it proved nothing and is believed.
std::string AgentOf(const Caller& caller) {
  return caller.verified ? caller.actor.principal : "";
}

// An agent that proved its name speaks for its own sessions alone.
Status CheckSession(Connection& db, const std::string& session_id, const Caller& caller) {
  if (!caller.verified) return OkStatus();
  return postgres::CheckOwnSession(db, session_id, caller.actor.principal);
}

class AgentServiceImpl final : public v1::AgentService::CallbackService {
 public:
  explicit AgentServiceImpl(const Backend& backend)
      : backend_(backend),
        hellos_(
            backend.pool, kMostHellos, 1,
            [this](Connection& db, const std::vector<HelloCall>& calls) { ServeHellos(db, calls); },
            &HelloCall::Refuse),
        syncs_(
            backend.pool, kMostSyncs, kBatchesAtOnce,
            [this](Connection& db, std::vector<SyncCall> calls) {
              ServeSyncs(db, std::move(calls));
            },
            &SyncCall::Refuse),
        reports_(
            backend.pool, kMostReports, kBatchesAtOnce,
            [this](Connection& db, const std::vector<ReportCall>& calls) {
              ServeReports(db, calls);
            },
            &ReportCall::Refuse) {}

  grpc::ServerUnaryReactor* Hello(grpc::CallbackServerContext* context,
                                  const v1::HelloRequest* request,
                                  v1::HelloResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    hellos_.Add({context, request, response, reactor, {}, false});
    return reactor;
  }

  grpc::ServerUnaryReactor* Sync(grpc::CallbackServerContext* context,
                                 const v1::SyncRequest* request,
                                 v1::SyncResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const Duration deadline = Clock::Steady()->Now() + LongPollTime(request->max_wait_seconds());
    syncs_.Add({context, request, response, reactor, deadline, false});
    return reactor;
  }

  grpc::ServerUnaryReactor* Report(grpc::CallbackServerContext* context,
                                   const v1::ReportRequest* request,
                                   v1::ReportResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reports_.Add({context, request, response, reactor, {}, false});
    return reactor;
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
  Status MayOpen(Connection& db, const HelloCall& call) {
    const log::RequestScope scope(RequestIdOf(*call.context));
    QF_ASSIGN_OR_RETURN(const Caller caller,
                        backend_.gate->Admit(db, *call.context, *call.request));
    QF_RETURN_IF_ERROR(CheckHello(*call.request));
    if (!caller.verified || call.request->agent_name() == caller.actor.principal) return OkStatus();
    return access::PermissionDenied("the certificate is agent " + caller.actor.principal +
                                    "'s; it cannot be " + call.request->agent_name());
  }

  void ServeHellos(Connection& db, const std::vector<HelloCall>& calls) {
    std::vector<const HelloCall*> batch;
    std::vector<const v1::HelloRequest*> requests;
    for (const HelloCall& call : calls) {
      if (const Status may = MayOpen(db, call); !may.ok()) {
        call.Finish(may);
        continue;
      }
      batch.push_back(&call);
      requests.push_back(call.request);
    }
    if (batch.empty()) return;
    auto opened = postgres::OpenSessions(db, requests, backend_.policy);
    // What one of them holds must not keep the others out.
    if (opened.status().code() == StatusCode::kInternal && batch.size() > 1) {
      for (const HelloCall* call : batch) ServeHellos(db, {*call});
      return;
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!opened.ok()) {
        batch[i]->Finish(opened.status());
        continue;
      }
      const v1::HelloRequest& hello = *requests[i];
      log::Info("session opened", {{"session", (*opened)[i].session_id()},
                                   {"agent", hello.agent_name()},
                                   {"device", hello.device().device().device_class()}});
      batch[i]->Finish(std::move((*opened)[i]));
    }
    backend_.parking->Wake();
  }

  // The calls that may go on, those of one session in different batches: the second must see what
  // the first one was granted.
  void ServeSyncs(Connection& db, std::vector<SyncCall> calls) {
    std::vector<SyncCall> batch;
    std::vector<postgres::SyncCall> requests;
    std::set<std::string> sessions;
    for (SyncCall& call : calls) {
      // A block granted to a caller that hung up would lie idle until its lease ends.
      if (call.context->IsCancelled()) {
        call.reactor->Finish({grpc::StatusCode::CANCELLED, "the caller is gone"});
        continue;
      }
      // Each time it is looked at: whoever was let in may have been revoked while it waited.
      const log::RequestScope scope(RequestIdOf(*call.context));
      const Result<Caller> caller = backend_.gate->Admit(db, *call.context, *call.request);
      if (!caller.ok()) {
        call.Finish(caller.status());
      } else if (!sessions.insert(call.request->session_id()).second) {
        syncs_.Add(call);
      } else {
        batch.push_back(call);
        requests.push_back({call.request, AgentOf(*caller)});
      }
    }
    if (batch.empty()) return;
    auto answers = postgres::SyncSessions(db, requests, backend_.policy, dispatcher());
    for (size_t i = 0; i < batch.size(); ++i) {
      if (!answers.ok()) {
        batch[i].Finish(answers.status());
      } else {
        AnswerOrPark(batch[i], std::move((*answers)[i]));
      }
    }
  }

  // An idle device with nothing to do waits, as long as it may.
  void AnswerOrPark(const SyncCall& call, Result<v1::SyncResponse> answer) {
    const v1::SyncRequest& request = *call.request;
    const bool idle = answer.ok() && !request.has_running() && request.queued_size() == 0 &&
                      answer->action_case() == v1::SyncResponse::ACTION_NOT_SET &&
                      answer->queue_size() == 0;
    const bool may_wait = request.max_wait_seconds() > 0 && !request.draining() && !call.last;
    if (!idle || !may_wait) return call.Finish(std::move(answer));
    ParkedCall parked;
    parked.session_id = request.session_id();
    parked.deadline = call.deadline;  // however often it was looked at before
    parked.attempt = [this, call](Connection&, bool last) {
      SyncCall again = call;
      again.last = last;
      syncs_.Add(again);
      return true;
    };
    backend_.parking->Park(std::move(parked));
  }

  void ServeReports(Connection& db, const std::vector<ReportCall>& calls) {
    std::vector<const ReportCall*> batch;
    std::vector<postgres::ReportCall> requests;
    for (const ReportCall& call : calls) {
      const log::RequestScope scope(RequestIdOf(*call.context));
      const Result<Caller> caller = backend_.gate->Admit(db, *call.context, *call.request);
      const Status status = caller.ok() ? CheckReport(*call.request) : caller.status();
      if (!status.ok()) {
        call.Finish(status);
        continue;
      }
      batch.push_back(&call);
      requests.push_back({call.request, AgentOf(*caller)});
    }
    if (batch.empty()) return;
    auto answers = postgres::StoreReports(db, requests, backend_.policy, dispatcher());
    for (size_t i = 0; i < batch.size(); ++i) {
      batch[i]->Finish(answers.ok() ? std::move((*answers)[i])
                                    : Result<v1::ReportResponse>(answers.status()));
    }
    backend_.parking->Wake();
  }

  scheduler::Dispatcher& dispatcher() {
    return backend_.dispatcher != nullptr ? *backend_.dispatcher : own_dispatcher_;
  }

  const Backend backend_;
  scheduler::Dispatcher own_dispatcher_;
  Batcher<HelloCall> hellos_;
  Batcher<SyncCall> syncs_;
  Batcher<ReportCall> reports_;
};

}  // namespace

std::unique_ptr<v1::AgentService::CallbackService> MakeAgentService(const Backend& backend) {
  return std::make_unique<AgentServiceImpl>(backend);
}

}  // namespace quantfleet::rpc
