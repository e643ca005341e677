// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// Puts blocks into the queue; their state is `ready` and none is queued. The one place that knows
// the order of a line, which is what a principal waits for in a class: higher priority first, then
// older matrices, then the order of blocks in their matrix, which is that of their ids. They may be
// granted after `delay_seconds`, and to `avoid_session` only 10 s later.
Status QueueBlocks(Transaction& tx, const std::vector<int64_t>& block_ids, double delay_seconds = 0,
                   const std::string& avoid_session = "");

// Queued blocks of a matrix and class, counted up to `at_most`.
Result<int64_t> CountQueued(Transaction& tx, const std::string& matrix_id, int64_t class_id,
                            int64_t at_most);

// SQL: true of a row r of `ready` that may be granted now to session c.session_id. 10 s are long
// enough for every other device that polls, and short enough for a fleet of one.
constexpr const char* kMayStart = R"( r.not_before <= clock_timestamp()
          AND (r.avoid_session <> c.session_id OR r.not_before <= clock_timestamp() - interval '10 s') )";

// SQL: true of a session s that must take turns with another session of its host: one block at a
// time on a device, and on a host unless all who run there agreed to share it.
constexpr const char* kHostShared = R"( EXISTS (
  SELECT 1 FROM session o
  WHERE o.state = 'open' AND o.host_id = s.host_id AND o.session_id <> s.session_id
    AND (o.device_uid = s.device_uid OR NOT o.share_host OR NOT s.share_host)) )";
// SQL: true of a session s whose host has no room for it now, because such a session runs a block.
// Who has finished one no longer needs the host. OFFSET 0 keeps the planner from reading all leases
// instead of those few.
constexpr const char* kHostBusy = R"( EXISTS (
  SELECT 1 FROM session o
  WHERE o.state = 'open' AND o.host_id = s.host_id AND o.session_id <> s.session_id
    AND (o.device_uid = s.device_uid OR NOT o.share_host OR NOT s.share_host)
    AND EXISTS (SELECT 1 FROM lease l WHERE l.session_id = o.session_id AND l.phase <> 'finished' OFFSET 0)) )";

// So many blocks of each matrix are done or given up: makes its version grow, and ends it when
// nothing of it is open and none can be added. Needs the matrices' locks.
Status EndBlocks(Transaction& tx, const std::map<std::string, int64_t>& ended_by_matrix);

// Ends running matrices of which nothing is open: those whose last block was ended by a program
// that does not keep the counter.
Status EndForgottenMatrices(Connection& db);

// The first column of `rows`.
std::vector<int64_t> IdsOf(const pqxx::result& rows);

}  // namespace quantfleet::postgres
