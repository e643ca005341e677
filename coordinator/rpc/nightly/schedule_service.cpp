// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/ids.hpp"
#include "coordinator/nightly/fire_plan.hpp"
#include "coordinator/postgres/nightly/fire_store.hpp"
#include "coordinator/postgres/nightly/schedule_store.hpp"
#include "coordinator/rpc/nightly/fire.hpp"
#include "coordinator/rpc/services.hpp"
#include "coordinator/rpc/unary.hpp"

namespace quantfleet::rpc {
namespace {

using postgres::Connection;

constexpr size_t kMostRequestId = 128;

Result<std::string> RequestId(const std::string& asked) {
  if (asked.size() > kMostRequestId) {
    return InvalidArgument("request_id is longer than " + std::to_string(kMostRequestId) +
                           " bytes");
  }
  return asked.empty() ? RandomId("req_") : asked;
}

Result<postgres::NewSchedule> Check(const v1::CreateScheduleRequest& request,
                                    const matrix::Limits& limits, const Caller& caller,
                                    const AccessLimits& access_limits) {
  if (!access::IsName(request.name())) {
    return InvalidArgument("name is 1 to 64 of a-z A-Z 0-9 . - _");
  }
  if (request.jitter_seconds() > static_cast<uint64_t>(nightly::kMostJitter.count())) {
    return InvalidArgument("jitter_seconds is at most " +
                           std::to_string(nightly::kMostJitter.count()));
  }
  const std::string file = request.file_name().empty() ? "matrix" : request.file_name();
  const auto parsed = matrix::ParseMatrix(request.document(), file, limits);
  if (!parsed.matrix) return InvalidArgument(parsed.diagnostics.front().ToString());
  postgres::NewSchedule schedule{request, parsed.matrix->name, caller.actor,
                                 caller.QuotaOf(access_limits).has_value()};
  schedule.request.set_file_name(file);
  if (request.time_zone().empty()) schedule.request.set_time_zone("UTC");
  QF_ASSIGN_OR_RETURN(*schedule.request.mutable_request_id(), RequestId(request.request_id()));
  return schedule;
}

class ScheduleServiceImpl final : public v1::ScheduleService::CallbackService {
 public:
  explicit ScheduleServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* CreateSchedule(grpc::CallbackServerContext* context,
                                           const v1::CreateScheduleRequest* request,
                                           v1::CreateScheduleResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db,
                        const Caller& caller) -> Result<v1::CreateScheduleResponse> {
          QF_ASSIGN_OR_RETURN(const postgres::NewSchedule schedule,
                              Check(*request, backend_.limits, caller, backend_.gate->limits()));
          v1::CreateScheduleResponse made;
          QF_ASSIGN_OR_RETURN(*made.mutable_schedule(), postgres::CreateSchedule(db, schedule));
          return made;
        });
  }

  grpc::ServerUnaryReactor* GetSchedule(grpc::CallbackServerContext* context,
                                        const v1::GetScheduleRequest* request,
                                        v1::GetScheduleResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db, const Caller&) { return postgres::GetSchedule(db, *request); });
  }

  grpc::ServerUnaryReactor* ListSchedules(grpc::CallbackServerContext* context,
                                          const v1::ListSchedulesRequest* request,
                                          v1::ListSchedulesResponse* response) override {
    return AnswerFromPool(backend_, context, request, response, [](Connection& db, const Caller&) {
      return postgres::ListSchedules(db);
    });
  }

  grpc::ServerUnaryReactor* PauseSchedule(grpc::CallbackServerContext* context,
                                          const v1::PauseScheduleRequest* request,
                                          v1::PauseScheduleResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db, const Caller& caller) -> Result<v1::PauseScheduleResponse> {
          v1::PauseScheduleResponse paused;
          QF_ASSIGN_OR_RETURN(*paused.mutable_schedule(),
                              postgres::PauseSchedule(db, request->name(), caller.actor));
          return paused;
        });
  }

  grpc::ServerUnaryReactor* ResumeSchedule(grpc::CallbackServerContext* context,
                                           const v1::ResumeScheduleRequest* request,
                                           v1::ResumeScheduleResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db, const Caller& caller) -> Result<v1::ResumeScheduleResponse> {
          v1::ResumeScheduleResponse resumed;
          QF_ASSIGN_OR_RETURN(*resumed.mutable_schedule(),
                              postgres::ResumeSchedule(db, request->name(), caller.actor));
          return resumed;
        });
  }

  grpc::ServerUnaryReactor* RemoveSchedule(grpc::CallbackServerContext* context,
                                           const v1::RemoveScheduleRequest* request,
                                           v1::RemoveScheduleResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db, const Caller& caller) -> Result<v1::RemoveScheduleResponse> {
          QF_RETURN_IF_ERROR(postgres::RemoveSchedule(db, request->name(), caller.actor));
          return v1::RemoveScheduleResponse();
        });
  }

  grpc::ServerUnaryReactor* RunSchedule(grpc::CallbackServerContext* context,
                                        const v1::RunScheduleRequest* request,
                                        v1::RunScheduleResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db, const Caller& caller) -> Result<v1::RunScheduleResponse> {
          QF_ASSIGN_OR_RETURN(const std::string request_id, RequestId(request->request_id()));
          QF_ASSIGN_OR_RETURN(
              const postgres::OpenFire fire,
              postgres::TakeFireByHand(db, request->name(), request_id, caller.actor));
          v1::RunScheduleResponse fired;
          QF_ASSIGN_OR_RETURN(*fired.mutable_matrix_id(),
                              SubmitFire(db, fire, backend_.limits, backend_.gate->limits()));
          backend_.parking->Wake();
          return fired;
        });
  }

 private:
  const Backend backend_;
};

}  // namespace

std::unique_ptr<v1::ScheduleService::CallbackService> MakeScheduleService(const Backend& backend) {
  return std::make_unique<ScheduleServiceImpl>(backend);
}

}  // namespace quantfleet::rpc
