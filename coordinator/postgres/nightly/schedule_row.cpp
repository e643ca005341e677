// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/nightly/schedule_row.hpp"

#include <pqxx/pqxx>

namespace quantfleet::postgres {
namespace {

constexpr const char* kColumns = R"(
  schedule_id, name, principal, cron, time_zone, misfire, overlap, jitter_seconds, state, matrix_name,
  floor(extract(epoch FROM create_time))::bigint AS created,
  extract(epoch FROM next_due)::bigint AS due, extract(epoch FROM next_fire)::bigint AS fire)";

v1::Schedule ScheduleOf(const pqxx::row& row) {
  v1::Schedule schedule;
  schedule.set_schedule_id(row["schedule_id"].as<std::string>());
  schedule.set_name(row["name"].as<std::string>());
  schedule.set_principal(row["principal"].as<std::string>());
  schedule.set_cron(row["cron"].as<std::string>());
  schedule.set_time_zone(row["time_zone"].as<std::string>());
  const auto misfire = row["misfire"].as<std::string>();
  schedule.set_misfire(misfire == "skip"   ? v1::MISFIRE_POLICY_SKIP
                       : misfire == "once" ? v1::MISFIRE_POLICY_ONCE
                                           : v1::MISFIRE_POLICY_ALL);
  schedule.set_overlap(row["overlap"].as<std::string>() == "skip" ? v1::OVERLAP_POLICY_SKIP
                                                                  : v1::OVERLAP_POLICY_QUEUE);
  schedule.set_jitter_seconds(row["jitter_seconds"].as<uint32_t>());
  schedule.set_state(row["state"].as<std::string>() == "paused" ? v1::SCHEDULE_STATE_PAUSED
                                                                : v1::SCHEDULE_STATE_ACTIVE);
  schedule.set_matrix_name(row["matrix_name"].as<std::string>());
  schedule.mutable_create_time()->set_seconds(row["created"].as<int64_t>());
  if (!row["due"].is_null()) {
    schedule.mutable_next_due_time()->set_seconds(row["due"].as<int64_t>());
  }
  if (!row["fire"].is_null()) {
    schedule.mutable_next_fire_time()->set_seconds(row["fire"].as<int64_t>());
  }
  return schedule;
}

}  // namespace

Result<std::string> MisfireWord(v1::MisfirePolicy policy) {
  switch (policy) {
    case v1::MISFIRE_POLICY_SKIP:
      return std::string("skip");
    case v1::MISFIRE_POLICY_UNSPECIFIED:
    case v1::MISFIRE_POLICY_ONCE:
      return std::string("once");
    case v1::MISFIRE_POLICY_ALL:
      return std::string("all");
    default:
      return InvalidArgument("misfire is skip, once or all");
  }
}

Result<std::string> OverlapWord(v1::OverlapPolicy policy) {
  switch (policy) {
    case v1::OVERLAP_POLICY_UNSPECIFIED:
    case v1::OVERLAP_POLICY_SKIP:
      return std::string("skip");
    case v1::OVERLAP_POLICY_QUEUE:
      return std::string("queue");
    default:
      return InvalidArgument("overlap is skip or queue");
  }
}

Result<nightly::Timing> TimingOf(const std::string& schedule_id, const std::string& cron,
                                 const std::string& time_zone, const std::string& misfire,
                                 int64_t jitter_seconds) {
  QF_ASSIGN_OR_RETURN(const nightly::Cron parsed, nightly::ParseCron(cron));
  QF_ASSIGN_OR_RETURN(const nightly::TimeZone zone, nightly::TimeZone::Find(time_zone));
  const auto policy = misfire == "skip"   ? nightly::Misfire::kSkip
                      : misfire == "once" ? nightly::Misfire::kOnce
                                          : nightly::Misfire::kAll;
  return nightly::Timing{nightly::DueTimes(parsed, zone), policy,
                         std::chrono::seconds(jitter_seconds), schedule_id};
}

Result<nightly::Instant> NowOf(Transaction& tx, const std::optional<nightly::Instant>& now) {
  if (now) return *now;
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query("SELECT floor(extract(epoch FROM clock_timestamp()))::bigint"));
  return nightly::Instant(std::chrono::seconds(rows[0][0].as<int64_t>()));
}

Parameter SecondsOf(const std::optional<nightly::Instant>& instant) {
  if (!instant) return std::nullopt;
  return static_cast<int64_t>(instant->time_since_epoch().count());
}

Result<v1::Schedule> SelectSchedule(Transaction& tx, const std::string& name, bool lock) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(std::string("SELECT document, ") + kColumns +
                                   " FROM schedule WHERE name = $1 AND state <> 'removed'" +
                                   (lock ? " FOR UPDATE" : ""),
                               {name}));
  if (rows.empty()) return NotFound("no schedule has the name " + name);
  v1::Schedule schedule = ScheduleOf(rows[0]);
  schedule.set_document(rows[0]["document"].as<std::string>());
  return schedule;
}

Result<std::vector<v1::Schedule>> SelectSchedules(Transaction& tx) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query(std::string("SELECT ") + kColumns +
               " FROM schedule WHERE state <> 'removed' ORDER BY name LIMIT 10000"));
  std::vector<v1::Schedule> schedules;
  for (const auto& row : rows) schedules.push_back(ScheduleOf(row));
  return schedules;
}

}  // namespace quantfleet::postgres
