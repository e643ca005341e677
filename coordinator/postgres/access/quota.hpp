// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// What a principal may have running at once, unless its row says otherwise. 0: no limit.
struct Quota {
  uint32_t max_running_matrices = 0;
  uint64_t max_running_arms = 0;
};

// kResourceExhausted: with so many more arms and matrices that are not over, `principal` would have
// more than it may. Locks its row, so that two submissions see each other.
Status CheckQuota(Transaction& tx, const std::string& principal, const Quota& quota, uint64_t arms,
                  uint32_t matrices);

}  // namespace quantfleet::postgres
