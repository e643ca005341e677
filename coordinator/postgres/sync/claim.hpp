// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/sync/seeker.hpp"
#include "coordinator/scheduler/dispatcher.hpp"

namespace quantfleet::postgres {

// Device time that a grant was charged to a principal with. Seconds.
struct Charge {
  std::string device_class, principal;
  double seconds = 0;
};

// Grants up to `wants` blocks to each seeker that is open. One block runs at a time on a device,
// and on a host unless all who run there agreed to share it. Which blocks, `dispatcher` says;
// what it charged for them is added to `charges`.
Status ClaimBlocks(Transaction& tx, std::vector<Seeker>& seekers, const LeasePolicy& policy,
                   scheduler::Dispatcher& dispatcher, std::vector<Charge>& charges);

}  // namespace quantfleet::postgres
