// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/nightly/fire_plan.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/schedule_service.pb.h"

namespace quantfleet::postgres {

// "skip", "once" or "all", and "skip" or "queue": policies as the tables have them. Unspecified
// ones get their default; kInvalidArgument: a value from a newer client.
Result<std::string> MisfireWord(v1::MisfirePolicy policy);
Result<std::string> OverlapWord(v1::OverlapPolicy policy);

// What the times of a schedule follow from. kInvalidArgument: its line or zone.
Result<nightly::Timing> TimingOf(const std::string& schedule_id, const std::string& cron,
                                 const std::string& time_zone, const std::string& misfire,
                                 int64_t jitter_seconds);

// `now`, or the database's time.
Result<nightly::Instant> NowOf(Transaction& tx, const std::optional<nightly::Instant>& now);

// Seconds since 1970, as statements take and give them; null for none.
Parameter SecondsOf(const std::optional<nightly::Instant>& instant);

// The schedule of this name that is not removed, locked if `lock`. kNotFound: there is none.
Result<v1::Schedule> SelectSchedule(Transaction& tx, const std::string& name, bool lock);
// All that are not removed, by name, without their documents.
Result<std::vector<v1::Schedule>> SelectSchedules(Transaction& tx);

}  // namespace quantfleet::postgres
