// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/pool.hpp"

namespace quantfleet::postgres {

// What a primary has made durable: whoever has replayed it has seen every transaction that was
// acknowledged before.
struct Mark {
  std::string lsn;
  int64_t timeline = 0;  // grows with each promotion
  std::string cluster;   // the system identifier
};

// Nothing: the server is no primary.
Result<std::optional<Mark>> MarkOf(Connection& primary);

// Answers reading calls from a standby when there is one that has everything the primary has
// acknowledged by now, otherwise from the primary. Thread-safe.
class Reader {
 public:
  // May run twice, and from any thread: first on the standby, then on the primary.
  using Job = std::function<Status(Connection&)>;
  using Done = std::function<void(Status)>;
  // Told of each read whether a standby answered it; may be empty.
  using Watch = std::function<void(bool standby)>;

  // `primary` outlives the object. `conninfo` as of a connection, of one server or several, with
  // `threads` connections of its own.
  Reader(Pool* primary, const std::string& conninfo, int threads, size_t max_queued,
         Watch watch = {});

  // Has `job` run and tells `done` exactly once how that ended, from here or from another thread.
  // `primary` is the connection of the job of the primary's pool that this is called from.
  void Read(Connection& primary, const Job& job, const Done& done);

 private:
  bool MayTry();
  Status CatchUp(Connection& standby, const Mark& mark);
  void ReadFromPrimary(Connection& primary, const Job& job, const Done& done) const;

  Pool* const primary_;
  const Watch watch_;
  // Nobody asks the standby before; steady time in nanoseconds, 0: it answered last.
  std::atomic<int64_t> rest_until_ = 0;
  Pool standby_;  // last: its jobs use what is above
};

}  // namespace quantfleet::postgres
