// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/status.hpp"

#include "quantfleet/v1/fleet_service.pb.h"
#include "quantfleet/v1/matrix_service.pb.h"
#include "quantfleet/v1/result_service.pb.h"

namespace quantfleet::web {

// What the dashboard reads: the query half of the services of the same names, with their meaning
// and their status codes (proto/quantfleet/v1). Implementations are thread-safe and never throw.
class WebQueries {
 public:
  virtual ~WebQueries() = default;
  virtual Result<v1::ListMatricesResponse> ListMatrices(const v1::ListMatricesRequest& request) = 0;
  virtual Result<v1::GetMatrixResponse> GetMatrix(const v1::GetMatrixRequest& request) = 0;
  virtual Result<v1::CompareMatrixResponse> CompareMatrix(
      const v1::CompareMatrixRequest& request) = 0;
  virtual Result<v1::ListSessionsResponse> ListSessions(const v1::ListSessionsRequest& request) = 0;
};

}  // namespace quantfleet::web
