// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// Blocks that one partition of the results holds, as in schemas/postgres.
constexpr int64_t kBlocksAPartition = 1000000;

// Makes the partitions for the results of the next two million blocks. A block that is made has its
// partition in any case (trigger block_covered); this keeps the making out of its way. Any number
// of replicas may do so.
Status MakePartitionsAhead(Connection& db);

// Removes the oldest partitions of which no block is left, of one range of ids at most. True: there
// may be more. Whoever is in the way makes it wait for the next time.
Result<bool> DropEmptyPartitions(Connection& db);

}  // namespace quantfleet::postgres
