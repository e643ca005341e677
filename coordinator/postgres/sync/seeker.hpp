// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/sync/sync_batch.hpp"
#include "coordinator/scheduler/quarantine.hpp"

namespace quantfleet::postgres {

// A session of a batch while its Sync is worked out.
struct Seeker {
  const SyncCall* call = nullptr;
  Status status;
  v1::SyncResponse response;

  // Of the database.
  std::string host_id, device_uid, device_class;
  bool share_host = false;
  bool host_is_busy = false;     // another session runs a block there
  bool draining = false;         // an operator drains the agent
  std::vector<int64_t> classes;  // it meets, ascending

  double life_left_seconds = 0;  // until its host is expected to go; 0: it stays

  scheduler::Conduct conduct;
  bool quarantined = false;
  // False: it gets one block at a time, because its host is others' as well, or because what it
  // holds may have ended a session.
  bool may_queue = true;

  int wants = 0;         // blocks it may be granted now
  bool expects = false;  // one is being granted

  const v1::SyncRequest& request() const { return *call->request; }
  bool open() const { return status.ok(); }
  // False: whatever else is found, it gets nothing new with this answer, and its host need not be
  // locked.
  bool MayWant() const;
  // Blocks it runs, has waiting or gets with this answer.
  int Holds() const;
  // True if the next block it gets is run at once, and waits for no other.
  bool StartsNext() const;
  void Give(v1::Grant grant);
};

// The grant in a row with block_id, epoch, spec and matrix_id.
v1::Grant GrantFrom(const pqxx::row& row);

}  // namespace quantfleet::postgres
