// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/access_service.pb.h"
#include "quantfleet/v1/fleet_service.pb.h"
#include "quantfleet/v1/matrix_service.pb.h"
#include "quantfleet/v1/result_service.pb.h"
#include "quantfleet/v1/schedule_service.pb.h"
#include "quantfleet/v1/series_service.pb.h"

namespace quantfleet::cli {

// A coordinator, and how to prove oneself to it.
struct Remote {
  Remote() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a plain one is its address
  Remote(std::string at) : address(std::move(at)) {}

  std::string address = "127.0.0.1:7070";
  std::string identity;    // folder; empty: no TLS
  std::string token_file;  // empty: see TokenOf
};

// A coordinator, or whichever replica answers at its address. Calls have deadlines; while the
// answer is UNAVAILABLE they are tried again with growing pauses for `patience`, which is safe
// because every call is idempotent. Thread-safe.
class Client {
 public:
  // What is wrong with files or address comes back from every call. A token goes to this machine or
  // over TLS, never in the open.
  explicit Client(const Remote& remote, Duration patience = std::chrono::seconds(3));
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Result<v1::SubmitMatrixResponse> SubmitMatrix(const v1::SubmitMatrixRequest& request);
  Result<v1::GetMatrixResponse> GetMatrix(const v1::GetMatrixRequest& request);
  Result<v1::ListMatricesResponse> ListMatrices(const v1::ListMatricesRequest& request);
  Result<v1::CancelMatrixResponse> CancelMatrix(const v1::CancelMatrixRequest& request);
  Result<v1::RetryMatrixResponse> RetryMatrix(const v1::RetryMatrixRequest& request);
  Result<v1::ExplainBlocksResponse> ExplainBlocks(const v1::ExplainBlocksRequest& request);
  Result<v1::CompareMatrixResponse> CompareMatrix(const v1::CompareMatrixRequest& request);
  Result<v1::ListCrossoversResponse> ListCrossovers(const v1::ListCrossoversRequest& request);
  Result<v1::ListMeasurementsResponse> ListMeasurements(const v1::ListMeasurementsRequest& request);
  Result<v1::ListSessionsResponse> ListSessions(const v1::ListSessionsRequest& request);
  Result<v1::DrainAgentResponse> DrainAgent(const v1::DrainAgentRequest& request);
  // Never tried again: a lost answer is a lost secret.
  Result<v1::CreateTokenResponse> CreateToken(const v1::CreateTokenRequest& request);
  Result<v1::CreateEnrolmentTokenResponse> CreateEnrolmentToken(
      const v1::CreateEnrolmentTokenRequest& request);
  Result<v1::ListTokensResponse> ListTokens(const v1::ListTokensRequest& request);
  Result<v1::RevokeTokenResponse> RevokeToken(const v1::RevokeTokenRequest& request);
  Result<v1::RevokeAgentResponse> RevokeAgent(const v1::RevokeAgentRequest& request);
  Result<v1::ListAuditResponse> ListAudit(const v1::ListAuditRequest& request);
  Result<v1::CreateScheduleResponse> CreateSchedule(const v1::CreateScheduleRequest& request);
  Result<v1::GetScheduleResponse> GetSchedule(const v1::GetScheduleRequest& request);
  Result<v1::ListSchedulesResponse> ListSchedules(const v1::ListSchedulesRequest& request);
  Result<v1::PauseScheduleResponse> PauseSchedule(const v1::PauseScheduleRequest& request);
  Result<v1::ResumeScheduleResponse> ResumeSchedule(const v1::ResumeScheduleRequest& request);
  Result<v1::RemoveScheduleResponse> RemoveSchedule(const v1::RemoveScheduleRequest& request);
  Result<v1::RunScheduleResponse> RunSchedule(const v1::RunScheduleRequest& request);
  Result<v1::ListTrendsResponse> ListTrends(const v1::ListTrendsRequest& request);

 private:
  struct Stubs;
  Status problem_;
  std::string token_;
  std::unique_ptr<Stubs> stubs_;
  const Duration patience_;
};

}  // namespace quantfleet::cli
