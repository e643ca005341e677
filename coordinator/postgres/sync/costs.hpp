// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/scheduler/dispatcher.hpp"

namespace quantfleet::postgres {

// What blocks cost, as coordinators learned it, and the weights of principals.
Status LoadDispatcher(Connection& db, scheduler::Dispatcher& dispatcher);

// Stores what `dispatcher` learned; of several coordinators the last one is believed. Takes new
// weights in.
Status SaveDispatcher(Connection& db, scheduler::Dispatcher& dispatcher);

}  // namespace quantfleet::postgres
