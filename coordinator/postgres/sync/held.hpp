// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/sync/seeker.hpp"

namespace quantfleet::postgres {

// Locks the sessions, in the order of their names, and notes that they called. Those that are over
// get their status.
Status MeetSessions(Transaction& tx, std::vector<Seeker>& seekers);

// Extends the leases of what the sessions say they hold. What they hold no longer is answered with
// `stop` or `dropped`.
Status RenewLeases(Transaction& tx, std::vector<Seeker>& seekers, const LeasePolicy& policy);

// Gives again what was granted and is not mentioned: the answer was lost.
Status OfferAgain(Transaction& tx, std::vector<Seeker>& seekers);

}  // namespace quantfleet::postgres
