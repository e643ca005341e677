// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// How a session ends; the text is `session.state`.
struct SessionEnd {
  std::string state;  // "lost", "superseded" or "closed"
  std::string why;    // for people
  // False of a goodbye: it says nothing against the block that the session gives back.
  bool is_loss = true;
};

// Locks the matrices whose blocks the sessions hold, in their order and in a statement of its own,
// before any of the blocks: the order everywhere.
Status LockMatricesOf(Transaction& tx, const std::vector<std::string>& session_ids);

// Ends a session that is open, and takes back what it holds in any case: the block is queued again,
// or fails for good once policy.max_losing_sessions sessions were lost with it, and its matrix ends
// when it was the last one. Locks the block's matrix after the session; nobody who holds a matrix
// waits for a session.
Status EndSession(Transaction& tx, const std::string& session_id, const SessionEnd& end,
                  const LeasePolicy& policy);

}  // namespace quantfleet::postgres
