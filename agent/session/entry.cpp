// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/entry.hpp"

#include <utility>

namespace quantfleet::agent {

v1::FailureCause CauseOf(const Status& failure) {
  switch (failure.code()) {
    case StatusCode::kNotFound:
    case StatusCode::kUnavailable:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kPermissionDenied:
      return v1::FAILURE_CAUSE_AGENT;
    default:
      return v1::FAILURE_CAUSE_BLOCK;
  }
}

v1::ReportRequest FailureEntry(const SpoolKey& key, const std::string& reason,
                               v1::FailureCause cause) {
  v1::ReportRequest entry;
  v1::BlockFailure& failure = *entry.add_failures();
  failure.set_block_id(key.block_id);
  failure.set_epoch(key.epoch);
  failure.set_reason(reason);
  failure.set_cause(cause);
  return entry;
}

v1::ReportRequest EntryOf(const SpoolKey& key, Result<v1::BlockResult> result) {
  if (!result.ok()) {
    return FailureEntry(key, result.status().ToString(), CauseOf(result.status()));
  }
  v1::ReportRequest entry;
  v1::BlockResult& kept = *entry.add_results();
  kept = *std::move(result);
  kept.set_block_id(key.block_id);
  kept.set_epoch(key.epoch);
  return entry;
}

bool IsTransient(StatusCode code) {
  switch (code) {
    case StatusCode::kUnknown:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted:
    case StatusCode::kAborted:
    case StatusCode::kInternal:
    case StatusCode::kUnavailable:
    case StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

}  // namespace quantfleet::agent
