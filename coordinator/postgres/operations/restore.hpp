// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// A database that comes from a backup has forgotten what was granted since: it would grant the same
// epochs of the same blocks, and give the same numbers to other blocks, and agents come back with
// results under them. Hence a restored database must be told so before it serves.

// What MarkRestored leaves free of epochs and block numbers. No block is granted so often, and no
// fleet makes so many blocks, between a backup and its return.
inline constexpr int64_t kEpochStep = 1'000'000;
inline constexpr int64_t kBlockStep = 1'000'000'000;

// kFailedPrecondition: the rows were made by another database, of which this is a copy (pg_restore,
// a clone). One that was put back in place, from a base backup or a replica that lagged, cannot be
// told from the original. The first call remembers this database.
Status CheckIncarnation(Connection& db);

struct Restored {
  uint64_t blocks = 0;  // whose epoch was raised
  uint64_t leases = 0;  // grants of the backup's time, which are offered again under a new epoch
};
// Raises every epoch and every matrix's version by kEpochStep and the numbers of blocks to come by
// kBlockStep, in one transaction with its audit row. Running it twice does no harm.
Result<Restored> MarkRestored(Connection& db, const access::Actor& actor);

}  // namespace quantfleet::postgres
