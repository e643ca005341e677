// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/nightly/schedule_store.hpp"

#include <algorithm>

#include <pqxx/pqxx>

#include "base/ids.hpp"
#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/nightly/schedule_row.hpp"

namespace quantfleet::postgres {
namespace {

constexpr uint32_t kDefaultFires = 20;
constexpr uint32_t kMostFiresShown = 500;

// Sets the first due time after `from` and when it fires.
Status SetNext(Transaction& tx, const nightly::Timing& timing, nightly::Instant from) {
  const auto due = timing.due_times.After(from);
  std::optional<nightly::Instant> fire;
  if (due) fire = *due + nightly::JitterOf(timing.schedule_id, *due, timing.jitter);
  return tx
      .Query(
          "UPDATE schedule SET next_due = to_timestamp($2::bigint), next_fire = "
          "to_timestamp($3::bigint) WHERE schedule_id = $1",
          {timing.schedule_id, SecondsOf(due), SecondsOf(fire)})
      .status();
}

// The schedule, locked, if `actor` may touch it.
Result<v1::Schedule> Touch(Transaction& tx, const std::string& name, const access::Actor& actor) {
  QF_ASSIGN_OR_RETURN(v1::Schedule schedule, SelectSchedule(tx, name, true));
  if (access::MayTouch(actor, schedule.principal())) return schedule;
  return access::PermissionDenied("schedule " + name + " is " + schedule.principal() +
                                  "'s; an operator may touch it");
}

// What was due and is not submitted will not be.
Status DropOpenFires(Transaction& tx, const std::string& schedule_id, const char* reason) {
  return tx
      .Query(R"(
    UPDATE schedule_fire SET state = 'skipped', reason = $2, settle_time = clock_timestamp()
    WHERE schedule_id = $1 AND state = 'due')",
             {schedule_id, reason})
      .status();
}

v1::ScheduleFire FireOf(const pqxx::row& row) {
  v1::ScheduleFire fire;
  fire.mutable_due_time()->set_seconds(row["due"].as<int64_t>());
  if (!row["settled"].is_null()) {
    fire.mutable_settle_time()->set_seconds(row["settled"].as<int64_t>());
  }
  const auto state = row["state"].as<std::string>();
  fire.set_state(state == "submitted" ? v1::FIRE_STATE_SUBMITTED
                 : state == "skipped" ? v1::FIRE_STATE_SKIPPED
                 : state == "failed"  ? v1::FIRE_STATE_FAILED
                                      : v1::FIRE_STATE_DUE);
  fire.set_reason(row["reason"].as<std::string>());
  if (!row["matrix_id"].is_null()) fire.set_matrix_id(row["matrix_id"].as<std::string>());
  fire.set_by_hand(row["by_hand"].as<bool>());
  return fire;
}

Status Insert(Transaction& tx, const NewSchedule& made, const std::string& schedule_id,
              const nightly::Timing& timing, const std::string& misfire, const Now& now) {
  const v1::CreateScheduleRequest& request = made.request;
  QF_ASSIGN_OR_RETURN(const std::string overlap, OverlapWord(request.overlap()));
  QF_RETURN_IF_ERROR(
      tx.Query(R"(
    INSERT INTO schedule (schedule_id, name, principal, role, has_quota, request_id, cron, time_zone, misfire, overlap,
                          jitter_seconds, document, file_name, matrix_name)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14))",
               {schedule_id, request.name(), made.actor.principal,
                access::RoleName(made.actor.role), made.has_quota, request.request_id(),
                request.cron(), request.time_zone(), misfire, overlap, request.jitter_seconds(),
                request.document(), request.file_name(), made.matrix_name})
          .status());
  QF_ASSIGN_OR_RETURN(const nightly::Instant from, NowOf(tx, now));
  QF_RETURN_IF_ERROR(SetNext(tx, timing, from));
  return WriteAudit(tx, made.actor, "CreateSchedule", schedule_id, request.name());
}

}  // namespace

Result<v1::Schedule> CreateSchedule(Connection& db, const NewSchedule& made, const Now& now) {
  const v1::CreateScheduleRequest& request = made.request;
  const std::string schedule_id = RandomId("sch_");
  QF_ASSIGN_OR_RETURN(const std::string misfire, MisfireWord(request.misfire()));
  QF_ASSIGN_OR_RETURN(const auto timing, TimingOf(schedule_id, request.cron(), request.time_zone(),
                                                  misfire, request.jitter_seconds()));
  v1::Schedule schedule;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    // Two that take the same name meet here, and the second one sees the first.
    QF_RETURN_IF_ERROR(tx.Query("LOCK TABLE schedule IN SHARE ROW EXCLUSIVE MODE").status());
    auto known = SelectSchedule(tx, request.name(), false);
    if (known.ok()) {
      QF_ASSIGN_OR_RETURN(const auto same, tx.Query("SELECT 1 FROM schedule WHERE schedule_id = $1 "
                                                    "AND principal = $2 AND request_id = $3",
                                                    {known->schedule_id(), made.actor.principal,
                                                     request.request_id()}));
      if (same.empty()) return AlreadyExists("a schedule has the name " + request.name());
      schedule = *std::move(known);
      return OkStatus();
    }
    if (known.status().code() != StatusCode::kNotFound) return known.status();
    QF_RETURN_IF_ERROR(Insert(tx, made, schedule_id, timing, misfire, now));
    QF_ASSIGN_OR_RETURN(schedule, SelectSchedule(tx, request.name(), false));
    return OkStatus();
  }));
  return schedule;
}

Result<v1::GetScheduleResponse> GetSchedule(Connection& db, const v1::GetScheduleRequest& request) {
  v1::GetScheduleResponse response;
  const uint32_t fires = request.fires() == 0 ? kDefaultFires : request.fires();
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_ASSIGN_OR_RETURN(*response.mutable_schedule(), SelectSchedule(tx, request.name(), false));
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT floor(extract(epoch FROM due_time))::bigint AS due,
             floor(extract(epoch FROM settle_time))::bigint AS settled, state, reason, matrix_id, by_hand
      FROM schedule_fire WHERE schedule_id = $1 ORDER BY due_time DESC LIMIT $2)",
                                                  {response.schedule().schedule_id(),
                                                   std::min(fires, kMostFiresShown)}));
    for (const auto& row : rows) *response.add_fires() = FireOf(row);
    return OkStatus();
  }));
  return response;
}

Result<v1::ListSchedulesResponse> ListSchedules(Connection& db) {
  v1::ListSchedulesResponse response;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_ASSIGN_OR_RETURN(const auto schedules, SelectSchedules(tx));
    for (const v1::Schedule& schedule : schedules) *response.add_schedules() = schedule;
    return OkStatus();
  }));
  return response;
}

Result<v1::Schedule> PauseSchedule(Connection& db, const std::string& name,
                                   const access::Actor& actor) {
  v1::Schedule schedule;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(schedule, Touch(tx, name, actor));
    if (schedule.state() == v1::SCHEDULE_STATE_PAUSED) return OkStatus();
    QF_RETURN_IF_ERROR(
        tx.Query("UPDATE schedule SET state = 'paused', next_due = NULL, next_fire = "
                 "NULL WHERE schedule_id = $1",
                 {schedule.schedule_id()})
            .status());
    QF_RETURN_IF_ERROR(DropOpenFires(tx, schedule.schedule_id(), "the schedule was paused"));
    QF_RETURN_IF_ERROR(WriteAudit(tx, actor, "PauseSchedule", schedule.schedule_id(), name));
    QF_ASSIGN_OR_RETURN(schedule, SelectSchedule(tx, name, false));
    return OkStatus();
  }));
  return schedule;
}

Result<v1::Schedule> ResumeSchedule(Connection& db, const std::string& name,
                                    const access::Actor& actor, const Now& now) {
  v1::Schedule schedule;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(schedule, Touch(tx, name, actor));
    if (schedule.state() == v1::SCHEDULE_STATE_ACTIVE) return OkStatus();
    QF_ASSIGN_OR_RETURN(const auto timing,
                        TimingOf(schedule.schedule_id(), schedule.cron(), schedule.time_zone(),
                                 "once", schedule.jitter_seconds()));
    QF_ASSIGN_OR_RETURN(const nightly::Instant from, NowOf(tx, now));
    QF_RETURN_IF_ERROR(tx.Query("UPDATE schedule SET state = 'active' WHERE schedule_id = $1",
                                {schedule.schedule_id()})
                           .status());
    QF_RETURN_IF_ERROR(SetNext(tx, timing, from));
    QF_RETURN_IF_ERROR(WriteAudit(tx, actor, "ResumeSchedule", schedule.schedule_id(), name));
    QF_ASSIGN_OR_RETURN(schedule, SelectSchedule(tx, name, false));
    return OkStatus();
  }));
  return schedule;
}

Status RemoveSchedule(Connection& db, const std::string& name, const access::Actor& actor) {
  return db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const v1::Schedule schedule, Touch(tx, name, actor));
    QF_RETURN_IF_ERROR(tx.Query("UPDATE schedule SET state = 'removed', next_due = NULL, next_fire "
                                "= NULL WHERE schedule_id = $1",
                                {schedule.schedule_id()})
                           .status());
    QF_RETURN_IF_ERROR(DropOpenFires(tx, schedule.schedule_id(), "the schedule was removed"));
    return WriteAudit(tx, actor, "RemoveSchedule", schedule.schedule_id(), name);
  });
}

}  // namespace quantfleet::postgres
