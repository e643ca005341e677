// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/matrix_service.pb.h"

namespace quantfleet::postgres {

// A checked matrix on its way in.
struct Submission {
  std::string principal;
  std::string request_id;  // never empty
  std::string name;
  std::string document;
  uint32_t priority = 0;
  std::vector<matrix::PlannedBlock> blocks;
};

struct SubmitOutcome {
  v1::Matrix matrix;
  bool already_existed = false;
};

// Devices of open sessions, for expansion.
Result<std::vector<scheduler::DeviceFacts>> ListDevices(Connection& db);
// The matrix of an earlier submission with the same request id. kAlreadyExists: of another
// document.
Result<std::optional<v1::Matrix>> FindSubmission(Connection& db, const Submission& submission);
// kAlreadyExists: the request id is taken by another document.
Result<SubmitOutcome> SubmitMatrix(Connection& db, const Submission& submission);
// kNotFound: no such matrix.
Result<v1::Matrix> GetMatrix(Connection& db, const std::string& matrix_id);
Result<v1::ListMatricesResponse> ListMatrices(Connection& db,
                                              const v1::ListMatricesRequest& request);
Result<v1::Matrix> CancelMatrix(Connection& db, const std::string& matrix_id);
Result<v1::RetryMatrixResponse> RetryMatrix(Connection& db, const v1::RetryMatrixRequest& request);

}  // namespace quantfleet::postgres
