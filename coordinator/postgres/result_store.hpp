// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/fleet_service.pb.h"
#include "quantfleet/v1/result_service.pb.h"

namespace quantfleet::postgres {

// Rows, crossovers and ledgers as stored, all or a page; see result_service.proto for both.
// kNotFound: no such matrix. kFailedPrecondition: too large to be had at once.
Result<v1::CompareMatrixResponse> CompareMatrix(Connection& db,
                                                const v1::CompareMatrixRequest& request);
// All of it.
Result<v1::Comparison> CompareMatrix(Connection& db, const std::string& matrix_id);
// Of some of its blocks.
Result<v1::Comparison> CompareBlocks(Transaction& tx, const std::string& matrix_id,
                                     const std::vector<int64_t>& block_ids);
// Accepted results with raw rounds, by block ordinal; the page token is the last ordinal.
Result<v1::ListMeasurementsResponse> ListMeasurements(Connection& db,
                                                      const v1::ListMeasurementsRequest& request);

// The accepted result of a block as it was reported. kNotFound: it has none.
Result<v1::BlockResult> LoadResult(Transaction& tx, int64_t block_id);

// Sessions, open ones first.
Result<v1::ListSessionsResponse> ListSessions(Connection& db, bool include_ended);
// kNotFound: no such agent.
Status DrainAgent(Connection& db, const std::string& agent_name, bool draining,
                  const access::Actor& actor = {});

}  // namespace quantfleet::postgres
