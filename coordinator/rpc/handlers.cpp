// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/handlers.hpp"

#include <algorithm>
#include <string>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/postgres/expansion/expand.hpp"
#include "coordinator/postgres/matrix_store.hpp"

namespace quantfleet::rpc {
namespace {

v1::SubmitMatrixResponse Preview(const matrix::Matrix& matrix,
                                 const postgres::Submission& submission) {
  v1::SubmitMatrixResponse response;
  v1::Matrix& preview = *response.mutable_matrix();
  preview.set_name(matrix.name);
  preview.set_principal(submission.principal);
  preview.set_priority(submission.priority);
  preview.set_document_sha256(Sha256Hex(submission.document));
  preview.set_blocks_total(static_cast<uint32_t>(submission.plan->blocks));
  preview.set_arms_total(static_cast<uint32_t>(submission.plan->arms));
  return response;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
  return text;
}

}  // namespace

Result<v1::SubmitMatrixResponse> Submit(postgres::Connection& db,
                                        const v1::SubmitMatrixRequest& request,
                                        const matrix::Limits& limits, const Caller& caller,
                                        const AccessLimits& access_limits) {
  const std::string file = request.file_name().empty() ? "matrix" : request.file_name();
  const auto parsed = matrix::ParseMatrix(request.document(), file, limits);
  if (!parsed.matrix) return InvalidArgument(parsed.diagnostics.front().ToString());
  if (request.priority() > 9) return InvalidArgument("priority is 0 to 9");
  if (!request.request_id().empty()) {
    QF_RETURN_IF_ERROR(CheckWord("request_id", request.request_id()));
  }

  postgres::Submission submission;
  submission.principal = caller.actor.principal;
  submission.role = caller.actor.role;
  submission.peer = caller.actor.peer;
  submission.quota = caller.QuotaOf(access_limits);
  submission.request_id = request.request_id().empty() ? RandomId("req_") : request.request_id();
  submission.name = parsed.matrix->name;
  submission.document = request.document();
  submission.priority = request.has_priority() ? request.priority() : parsed.matrix->priority;

  // A retry must find its matrix even if the fleet has changed since.
  QF_ASSIGN_OR_RETURN(auto known, postgres::FindSubmission(db, submission));
  v1::SubmitMatrixResponse response;
  if (known) {
    *response.mutable_matrix() = *std::move(known);
    response.set_already_existed(true);
    return response;
  }
  QF_ASSIGN_OR_RETURN(const auto fleet, postgres::ListDevices(db));
  submission.plan = matrix::PlanMatrix(*parsed.matrix, fleet);
  if (submission.plan->blocks == 0 && submission.plan->joins.empty()) {
    return FailedPrecondition("no block can be made: " + Joined(submission.plan->unmatched));
  }
  if (request.validate_only()) return Preview(*parsed.matrix, submission);
  submission.blocks = postgres::FirstBlocks(parsed.matrix, *submission.plan);
  QF_ASSIGN_OR_RETURN(auto outcome, postgres::SubmitMatrix(db, submission));
  *response.mutable_matrix() = std::move(outcome.matrix);
  response.set_already_existed(outcome.already_existed);
  return response;
}

}  // namespace quantfleet::rpc
