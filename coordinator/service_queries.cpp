// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/service_queries.hpp"

#include <future>
#include <utility>

#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/result_store.hpp"

namespace quantfleet {
namespace {

template <typename Response, typename Query>
Result<Response> Ask(postgres::Pool* pool, Query query) {
  Response response;
  QF_RETURN_IF_ERROR(pool->RunAndWait([&](postgres::Connection& db) -> Status {
    QF_ASSIGN_OR_RETURN(response, query(db));
    return OkStatus();
  }));
  return response;
}

}  // namespace

Status ServiceQueries::Read(const postgres::Reader::Job& job) {
  if (reader_ == nullptr) return pool_->RunAndWait(job);
  std::promise<Status> done;
  const bool posted = pool_->Post([&](postgres::Connection& db) {
    reader_->Read(db, job, [&](Status status) { done.set_value(std::move(status)); });
  });
  return posted ? done.get_future().get() : Unavailable("too many requests wait for the database");
}

Result<v1::ListMatricesResponse> ServiceQueries::ListMatrices(
    const v1::ListMatricesRequest& request) {
  v1::ListMatricesResponse response;
  QF_RETURN_IF_ERROR(Read([&](postgres::Connection& db) -> Status {
    QF_ASSIGN_OR_RETURN(response, postgres::ListMatrices(db, request));
    return OkStatus();
  }));
  return response;
}

Result<v1::GetMatrixResponse> ServiceQueries::GetMatrix(const v1::GetMatrixRequest& request) {
  v1::GetMatrixResponse response;
  QF_ASSIGN_OR_RETURN(*response.mutable_matrix(),
                      Ask<v1::Matrix>(pool_, [&](postgres::Connection& db) {
                        return postgres::GetMatrix(db, request.matrix_id());
                      }));
  return response;
}

Result<v1::CompareMatrixResponse> ServiceQueries::CompareMatrix(
    const v1::CompareMatrixRequest& request) {
  v1::CompareMatrixResponse response;
  QF_RETURN_IF_ERROR(Read([&](postgres::Connection& db) -> Status {
    QF_ASSIGN_OR_RETURN(response, postgres::CompareMatrix(db, request));
    return OkStatus();
  }));
  return response;
}

Result<v1::ListSessionsResponse> ServiceQueries::ListSessions(
    const v1::ListSessionsRequest& request) {
  return Ask<v1::ListSessionsResponse>(pool_, [&](postgres::Connection& db) {
    return postgres::ListSessions(db, request.include_ended());
  });
}

}  // namespace quantfleet
