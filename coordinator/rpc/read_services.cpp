// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/time_util.h>

#include "base/version.hpp"
#include "coordinator/postgres/migrator.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "coordinator/postgres/search/search_rows.hpp"
#include "coordinator/rpc/services.hpp"
#include "coordinator/rpc/unary.hpp"

namespace quantfleet::rpc {
namespace {

using postgres::Connection;

class ResultServiceImpl final : public v1::ResultService::CallbackService {
 public:
  explicit ResultServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* CompareMatrix(grpc::CallbackServerContext* context,
                                          const v1::CompareMatrixRequest* request,
                                          v1::CompareMatrixResponse* response) override {
    return AnswerFromReader(backend_, context, request, response, [request](Connection& db) {
      return postgres::CompareMatrix(db, *request);
    });
  }

  grpc::ServerUnaryReactor* ListCrossovers(grpc::CallbackServerContext* context,
                                           const v1::ListCrossoversRequest* request,
                                           v1::ListCrossoversResponse* response) override {
    return AnswerFromReader(backend_, context, request, response, [request](Connection& db) {
      return postgres::ListCrossovers(db, request->matrix_id());
    });
  }

  grpc::ServerUnaryReactor* ListMeasurements(grpc::CallbackServerContext* context,
                                             const v1::ListMeasurementsRequest* request,
                                             v1::ListMeasurementsResponse* response) override {
    return AnswerFromReader(backend_, context, request, response, [request](Connection& db) {
      return postgres::ListMeasurements(db, *request);
    });
  }

 private:
  const Backend backend_;
};

class FleetServiceImpl final : public v1::FleetService::CallbackService {
 public:
  explicit FleetServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* ListSessions(grpc::CallbackServerContext* context,
                                         const v1::ListSessionsRequest* request,
                                         v1::ListSessionsResponse* response) override {
    return AnswerFromPool(backend_, context, request, response,
                          [request](Connection& db, const Caller&) {
                            return postgres::ListSessions(db, request->include_ended());
                          });
  }

  grpc::ServerUnaryReactor* DrainAgent(grpc::CallbackServerContext* context,
                                       const v1::DrainAgentRequest* request,
                                       v1::DrainAgentResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db, const Caller& caller) -> Result<v1::DrainAgentResponse> {
          QF_RETURN_IF_ERROR(
              postgres::DrainAgent(db, request->agent_name(), !request->resume(), caller.actor));
          backend_.parking->Wake();
          return v1::DrainAgentResponse();
        });
  }

 private:
  const Backend backend_;
};

class AdminServiceImpl final : public v1::AdminService::CallbackService {
 public:
  explicit AdminServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* GetServerStatus(grpc::CallbackServerContext* context,
                                            const v1::GetServerStatusRequest* request,
                                            v1::GetServerStatusResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this](Connection& db, const Caller&) -> Result<v1::GetServerStatusResponse> {
          v1::GetServerStatusResponse status;
          QF_ASSIGN_OR_RETURN(const int version, postgres::SchemaVersion(db));
          status.set_version(std::string(Version()));
          status.set_schema_version(static_cast<uint32_t>(version));
          status.set_parked_syncs(backend_.parking->Waiting());
          *status.mutable_start_time() = google::protobuf::util::TimeUtil::TimeTToTimestamp(
              std::chrono::system_clock::to_time_t(backend_.start_time));
          return status;
        });
  }

 private:
  const Backend backend_;
};

}  // namespace

std::unique_ptr<v1::ResultService::CallbackService> MakeResultService(const Backend& backend) {
  return std::make_unique<ResultServiceImpl>(backend);
}
std::unique_ptr<v1::FleetService::CallbackService> MakeFleetService(const Backend& backend) {
  return std::make_unique<FleetServiceImpl>(backend);
}
std::unique_ptr<v1::AdminService::CallbackService> MakeAdminService(const Backend& backend) {
  return std::make_unique<AdminServiceImpl>(backend);
}

}  // namespace quantfleet::rpc
