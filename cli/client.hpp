// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/fleet_service.pb.h"
#include "quantfleet/v1/matrix_service.pb.h"
#include "quantfleet/v1/result_service.pb.h"

namespace quantfleet::cli {

// A coordinator, or whichever replica answers at its address. Calls have deadlines; while the
// answer is UNAVAILABLE they are tried again with growing pauses for `patience`, which is safe
// because every call is idempotent. Thread-safe.
class Client {
 public:
  explicit Client(const std::string& address, Duration patience = std::chrono::seconds(3));
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
  Result<v1::ListMeasurementsResponse> ListMeasurements(const v1::ListMeasurementsRequest& request);
  Result<v1::ListSessionsResponse> ListSessions(const v1::ListSessionsRequest& request);
  Result<v1::DrainAgentResponse> DrainAgent(const v1::DrainAgentRequest& request);

 private:
  struct Stubs;
  std::unique_ptr<Stubs> stubs_;
  const Duration patience_;
};

}  // namespace quantfleet::cli
