// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// Puts blocks into the queue; their state is `ready` and none is queued. The one place that knows
// the order: higher priority first, then older matrices, then the order of blocks in their matrix,
// which is that of their ids. They may be granted after `delay_seconds`.
Status QueueBlocks(Transaction& tx, const std::vector<int64_t>& block_ids,
                   double delay_seconds = 0);

// Ends the matrix if nothing of it is queued or leased any more, and makes its version grow. Needs
// the matrix's lock.
Status EndMatrixIfOver(Transaction& tx, const std::string& matrix_id);

// The first column of `rows`.
std::vector<int64_t> IdsOf(const pqxx::result& rows);

}  // namespace quantfleet::postgres
