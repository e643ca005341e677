// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/postgres/access/quota.hpp"
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
  // Of a matrix with more blocks than those, which are its first ones: the others are made later,
  // see expansion/expand.hpp. Or of one that device classes may join, see expansion/join.hpp, or
  // that is searched, see search/searcher.hpp.
  std::optional<matrix::Plan> plan;
  // Of the principal, for the audit; and what it may have running.
  access::Role role = access::Role::kAdmin;
  std::string peer = "local";
  std::optional<Quota> quota;
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
// kAlreadyExists: the request id is taken by another document. kResourceExhausted: see CheckQuota.
Result<SubmitOutcome> SubmitMatrix(Connection& db, const Submission& submission);
// kNotFound: no such matrix.
Result<v1::Matrix> GetMatrix(Connection& db, const std::string& matrix_id);
Result<v1::ListMatricesResponse> ListMatrices(Connection& db,
                                              const v1::ListMatricesRequest& request);
// kPermissionDenied: the matrix is another's; see access::MayTouch. kResourceExhausted: the owner's
// quota.
Result<v1::Matrix> CancelMatrix(Connection& db, const std::string& matrix_id,
                                const access::Actor& actor = {});
Result<v1::RetryMatrixResponse> RetryMatrix(Connection& db, const v1::RetryMatrixRequest& request,
                                            const access::Actor& actor = {},
                                            const std::optional<Quota>& quota = {});

}  // namespace quantfleet::postgres
