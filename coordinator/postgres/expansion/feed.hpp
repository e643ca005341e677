// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// Blocks of one matrix and class that wait in the queue at most. A queue that holds a whole large
// matrix is slow for those that come later, and to clean; and a cancel, which rewrites these
// blocks, takes as long as they are many.
constexpr int64_t kMostQueued = 20000;

// Puts pending blocks of one class of one matrix into the queue where it has room; each is looked
// at once a second by whichever replica comes first. True: there may be more to do at once.
Result<bool> FeedQueue(Connection& db);

// Marks pending blocks of a cancelled matrix as cancelled, some at a time: a cancel takes back what
// is queued and running, and leaves those to this. True: there may be more to do at once.
Result<bool> SettleCancelled(Connection& db);

}  // namespace quantfleet::postgres
