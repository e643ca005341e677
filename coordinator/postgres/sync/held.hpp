// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/sync/seeker.hpp"

namespace quantfleet::postgres {

// Two devices of a host that ask at once must see each other's lease: they take turns from here to
// the end of the transaction. Before anything else, in the order of numbers that stand for hosts.
Status LockHosts(Transaction& tx, const std::vector<Seeker>& seekers);

// Locks the sessions, in the order of their names, and notes that they called. Needs LockHosts.
// Those that are over get their status.
Status MeetSessions(Transaction& tx, std::vector<Seeker>& seekers);

// Extends the leases of what the sessions say they hold. What they hold no longer is answered with
// `stop` or `dropped`.
Status RenewLeases(Transaction& tx, std::vector<Seeker>& seekers, const LeasePolicy& policy);

// Gives again what was granted and is not mentioned: the answer was lost.
Status OfferAgain(Transaction& tx, std::vector<Seeker>& seekers);

}  // namespace quantfleet::postgres
