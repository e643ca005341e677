// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/report/entry.hpp"
#include "coordinator/scheduler/dispatcher.hpp"

namespace quantfleet::postgres {

// Decides the entries, whose blocks differ, and writes what follows: results, late results, ends of
// leases, retries, ends of matrices. What was accepted is added to `finished`, for when the
// transaction is through.
Status JudgeEntries(Transaction& tx, const std::vector<Entry*>& entries, const LeasePolicy& policy,
                    std::vector<scheduler::Finished>& finished);

}  // namespace quantfleet::postgres
