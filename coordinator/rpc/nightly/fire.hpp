// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/status.hpp"
#include "coordinator/matrix/matrix.hpp"
#include "coordinator/postgres/nightly/fire_store.hpp"
#include "coordinator/rpc/access/gate.hpp"

namespace quantfleet::rpc {

// Submits the matrix of a row that was taken up, and settles the row; the matrix's id. An error
// that another try may mend (kUnavailable, kAborted, kDeadlineExceeded, kInternal) leaves the row
// to whoever comes after its taker's time.
Result<std::string> SubmitFire(postgres::Connection& db, const postgres::OpenFire& fire,
                               const matrix::Limits& limits, const AccessLimits& access_limits);

// One step of what is due: records the due times of one schedule, or else takes one row up and
// submits it. False: nothing is to be done now. `now`: instead of the database's time, for tests.
Result<bool> FireStep(postgres::Connection& db, const matrix::Limits& limits,
                      const AccessLimits& access_limits, const postgres::Now& now = {});

}  // namespace quantfleet::rpc
