// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/series_service.pb.h"

namespace quantfleet::postgres {

// Contract in series_service.proto.
Result<v1::ListTrendsResponse> ListTrends(Connection& db, const v1::ListTrendsRequest& request);

}  // namespace quantfleet::postgres
