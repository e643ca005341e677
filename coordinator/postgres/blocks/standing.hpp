// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/matrix_service.pb.h"

namespace quantfleet::postgres {

// How a block stands and why; of a matrix, how each kind of its blocks that are not done stands.
// Writes nothing. kNotFound: neither a block nor a matrix has the id.
Result<v1::ExplainBlocksResponse> ExplainBlocks(Connection& db,
                                                const v1::ExplainBlocksRequest& request);

}  // namespace quantfleet::postgres
