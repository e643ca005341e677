// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/logging.hpp"
#include "coordinator/postgres/blocks/standing.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/rpc/handlers.hpp"
#include "coordinator/rpc/services.hpp"
#include "coordinator/rpc/unary.hpp"

namespace quantfleet::rpc {
namespace {

using postgres::Connection;

class MatrixServiceImpl final : public v1::MatrixService::CallbackService {
 public:
  explicit MatrixServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* SubmitMatrix(grpc::CallbackServerContext* context,
                                         const v1::SubmitMatrixRequest* request,
                                         v1::SubmitMatrixResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db, const Caller& caller) {
          auto submitted = Submit(db, *request, backend_.limits, caller, backend_.gate->limits());
          if (submitted.ok() && !request->validate_only() && !submitted->already_existed()) {
            log::Info("matrix taken", {{"matrix", submitted->matrix().matrix_id()},
                                       {"blocks", submitted->matrix().blocks_total()}});
          }
          backend_.parking->Wake();
          return submitted;
        });
  }

  grpc::ServerUnaryReactor* GetMatrix(grpc::CallbackServerContext* context,
                                      const v1::GetMatrixRequest* request,
                                      v1::GetMatrixResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    AdmitOnPool(backend_, context, request, reactor,
                [this, request, response, reactor](Connection& db, const Caller&) {
                  const bool last = !(request->wait_seconds() > 0);  // true of NaN
                  if (AnswerGet(db, *request, *response, reactor, last)) return;
                  ParkedCall call;
                  call.deadline = Clock::Steady()->Now() + LongPollTime(request->wait_seconds());
                  call.attempt = [request, response, reactor](Connection& again, bool due) {
                    return AnswerGet(again, *request, *response, reactor, due);
                  };
                  backend_.parking->Park(std::move(call));
                });
    return reactor;
  }

  grpc::ServerUnaryReactor* ListMatrices(grpc::CallbackServerContext* context,
                                         const v1::ListMatricesRequest* request,
                                         v1::ListMatricesResponse* response) override {
    return AnswerFromReader(backend_, context, request, response, [request](Connection& db) {
      return postgres::ListMatrices(db, *request);
    });
  }

  grpc::ServerUnaryReactor* CancelMatrix(grpc::CallbackServerContext* context,
                                         const v1::CancelMatrixRequest* request,
                                         v1::CancelMatrixResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db, const Caller& caller) -> Result<v1::CancelMatrixResponse> {
          v1::CancelMatrixResponse cancelled;
          QF_ASSIGN_OR_RETURN(*cancelled.mutable_matrix(),
                              postgres::CancelMatrix(db, request->matrix_id(), caller.actor));
          backend_.parking->Wake();
          return cancelled;
        });
  }

  grpc::ServerUnaryReactor* RetryMatrix(grpc::CallbackServerContext* context,
                                        const v1::RetryMatrixRequest* request,
                                        v1::RetryMatrixResponse* response) override {
    return AnswerFromPool(backend_, context, request, response,
                          [this, request](Connection& db, const Caller& caller) {
                            auto retried =
                                postgres::RetryMatrix(db, *request, caller.actor,
                                                      caller.QuotaOf(backend_.gate->limits()));
                            backend_.parking->Wake();
                            return retried;
                          });
  }

  grpc::ServerUnaryReactor* ExplainBlocks(grpc::CallbackServerContext* context,
                                          const v1::ExplainBlocksRequest* request,
                                          v1::ExplainBlocksResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db, const Caller&) { return postgres::ExplainBlocks(db, *request); });
  }

 private:
  static bool AnswerGet(Connection& db, const v1::GetMatrixRequest& request,
                        v1::GetMatrixResponse& response, grpc::ServerUnaryReactor* reactor,
                        bool last) {
    auto matrix = postgres::GetMatrix(db, request.matrix_id());
    if (matrix.ok() && matrix->version() <= request.known_version() && !last) return false;
    if (matrix.ok()) *response.mutable_matrix() = *std::move(matrix);
    reactor->Finish(ToGrpc(matrix.status()));
    return true;
  }

  const Backend backend_;
};

}  // namespace

std::unique_ptr<v1::MatrixService::CallbackService> MakeMatrixService(const Backend& backend) {
  return std::make_unique<MatrixServiceImpl>(backend);
}

}  // namespace quantfleet::rpc
