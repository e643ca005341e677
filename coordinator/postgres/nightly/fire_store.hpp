// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/nightly/schedule_store.hpp"

namespace quantfleet::postgres {

// How due times become matrices, exactly once: the row of a due time is made in the transaction
// that moves its schedule past it; one caller at a time takes the oldest open row of a schedule up,
// under the schedule's lock; and the matrix is submitted under the row's request id, so that
// whoever takes up the row of a caller that died finds the matrix that it may have submitted.
// `now`: instead of the database's time, for tests.

// A due time whose matrix is to be submitted, by the caller alone for a minute.
struct OpenFire {
  std::string schedule_id;
  std::string request_id;
  std::string document;
  std::string file_name;
  // In whose name; `has_quota`: under its quota.
  access::Actor actor;
  bool has_quota = false;
};

// Makes the rows of one schedule that is due. False: none is.
Result<bool> RecordDueTimes(Connection& db, const Now& now = {});
// Takes up the oldest open row of some schedule, or settles it by the overlap policy. `more`: there
// may be others, whatever comes back.
Result<std::optional<OpenFire>> TakeFire(Connection& db, bool* more, const Now& now = {});
// Makes a row by hand and takes it up. The same `request_id` gives the same row. kNotFound and
// kPermissionDenied as RunSchedule.
Result<OpenFire> TakeFireByHand(Connection& db, const std::string& name,
                                const std::string& request_id, const access::Actor& actor);
// Says what became of it: the matrix, or why there is none.
Status SettleFire(Connection& db, const OpenFire& fire, const Result<std::string>& matrix_id);

}  // namespace quantfleet::postgres
