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
// which is that of their ids. They may be granted after `delay_seconds`, and to `avoid_session`
// only 10 s later.
Status QueueBlocks(Transaction& tx, const std::vector<int64_t>& block_ids, double delay_seconds = 0,
                   const std::string& avoid_session = "");

// SQL: true of a row r of `ready` that may be granted now to session c.session_id. 10 s are long
// enough for every other device that polls, and short enough for a fleet of one.
constexpr const char* kMayStart = R"( r.not_before <= clock_timestamp()
          AND (r.avoid_session <> c.session_id OR r.not_before <= clock_timestamp() - interval '10 s') )";

// Ends the matrix if nothing of it is queued or leased any more, and makes its version grow. Needs
// the matrix's lock.
Status EndMatrixIfOver(Transaction& tx, const std::string& matrix_id);

// The first column of `rows`.
std::vector<int64_t> IdsOf(const pqxx::result& rows);

}  // namespace quantfleet::postgres
