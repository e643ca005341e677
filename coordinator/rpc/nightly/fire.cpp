// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/nightly/fire.hpp"

#include "base/logging.hpp"
#include "coordinator/rpc/handlers.hpp"

namespace quantfleet::rpc {
namespace {

bool MayPass(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kAborted:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<std::string> SubmitFire(postgres::Connection& db, const postgres::OpenFire& fire,
                               const matrix::Limits& limits, const AccessLimits& access_limits) {
  v1::SubmitMatrixRequest request;
  request.set_document(fire.document);
  request.set_file_name(fire.file_name);
  request.set_request_id(fire.request_id);
  Caller caller;
  caller.actor = fire.actor;
  caller.verified = fire.has_quota;
  const auto submitted = Submit(db, request, limits, caller, access_limits);
  if (!submitted.ok() && MayPass(submitted.status())) return submitted.status();
  Result<std::string> matrix_id = submitted.ok()
                                      ? Result<std::string>(submitted->matrix().matrix_id())
                                      : Result<std::string>(submitted.status());
  QF_RETURN_IF_ERROR(postgres::SettleFire(db, fire, matrix_id));
  if (matrix_id.ok()) {
    log::Info("schedule fired", {{"schedule", fire.schedule_id}, {"matrix", *matrix_id}});
  } else {
    log::Warning("a schedule's matrix was refused",
                 {{"schedule", fire.schedule_id}, {"reason", matrix_id.status().message()}});
  }
  return matrix_id;
}

Result<bool> FireStep(postgres::Connection& db, const matrix::Limits& limits,
                      const AccessLimits& access_limits, const postgres::Now& now) {
  QF_ASSIGN_OR_RETURN(const bool recorded, postgres::RecordDueTimes(db, now));
  if (recorded) return true;
  bool more = false;
  QF_ASSIGN_OR_RETURN(const auto fire, postgres::TakeFire(db, &more, now));
  if (!fire) return more;
  const auto submitted = SubmitFire(db, *fire, limits, access_limits);
  if (!submitted.ok() && MayPass(submitted.status())) return submitted.status();
  return true;
}

}  // namespace quantfleet::rpc
