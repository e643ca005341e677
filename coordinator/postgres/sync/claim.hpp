// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/sync/seeker.hpp"
#include "coordinator/scheduler/dispatcher.hpp"

namespace quantfleet::postgres {

// Grants up to `wants` blocks to each seeker that is open. One block runs at a time on a device,
// and on a host unless all who run there agreed to share it. Which blocks, `dispatcher` says.
Status ClaimBlocks(Transaction& tx, std::vector<Seeker>& seekers, const LeasePolicy& policy,
                   scheduler::Dispatcher& dispatcher);

}  // namespace quantfleet::postgres
