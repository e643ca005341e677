// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "coordinator/web/queries.hpp"

namespace quantfleet::web {

// One matrix, "mtx_1", and what was asked last. For one request at a time.
class FakeQueries : public WebQueries {
 public:
  Result<v1::ListMatricesResponse> ListMatrices(const v1::ListMatricesRequest& request) override {
    list_request = request;
    if (!failure.ok()) return failure;
    v1::ListMatricesResponse response;
    *response.add_matrices() = Matrix();
    response.set_next_page_token("next");
    return response;
  }

  Result<v1::GetMatrixResponse> GetMatrix(const v1::GetMatrixRequest& request) override {
    if (on_get) on_get();
    if (request.matrix_id() != "mtx_1") return NotFound("no matrix " + request.matrix_id());
    v1::GetMatrixResponse response;
    *response.mutable_matrix() = Matrix();
    return response;
  }

  Result<v1::CompareMatrixResponse> CompareMatrix(
      const v1::CompareMatrixRequest& request) override {
    if (request.matrix_id() != "mtx_1") return NotFound("no matrix " + request.matrix_id());
    v1::CompareMatrixResponse response;
    response.mutable_comparison()->set_matrix_id("mtx_1");
    response.mutable_comparison()->add_rows()->mutable_ratio()->set_ratio(0.5);
    return response;
  }

  Result<v1::ListSessionsResponse> ListSessions(const v1::ListSessionsRequest& request) override {
    sessions_request = request;
    v1::ListSessionsResponse response;
    response.add_sessions()->set_session_id("ses_1");
    return response;
  }

  v1::Matrix Matrix() const {
    v1::Matrix matrix;
    matrix.set_matrix_id("mtx_1");
    matrix.set_name(name);
    matrix.set_state(v1::MATRIX_STATE_RUNNING);
    matrix.set_version(7);
    return matrix;
  }

  std::string name = "quickstart";
  Status failure;
  std::function<void()> on_get;
  v1::ListMatricesRequest list_request;
  v1::ListSessionsRequest sessions_request;
};

}  // namespace quantfleet::web
