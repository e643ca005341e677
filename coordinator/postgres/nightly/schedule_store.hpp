// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/nightly/due.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/schedule_service.pb.h"

namespace quantfleet::postgres {

// A checked schedule on its way in: its document was parsed.
struct NewSchedule {
  v1::CreateScheduleRequest request;  // request_id and time_zone are not empty
  std::string matrix_name;
  access::Actor actor;
  bool has_quota = false;
};

// Contracts as in schedule_service.proto. `now`: instead of the database's time, for tests.
using Now = std::optional<nightly::Instant>;
Result<v1::Schedule> CreateSchedule(Connection& db, const NewSchedule& schedule,
                                    const Now& now = {});
Result<v1::GetScheduleResponse> GetSchedule(Connection& db, const v1::GetScheduleRequest& request);
Result<v1::ListSchedulesResponse> ListSchedules(Connection& db);
Result<v1::Schedule> PauseSchedule(Connection& db, const std::string& name,
                                   const access::Actor& actor);
Result<v1::Schedule> ResumeSchedule(Connection& db, const std::string& name,
                                    const access::Actor& actor, const Now& now = {});
Status RemoveSchedule(Connection& db, const std::string& name, const access::Actor& actor);

}  // namespace quantfleet::postgres
