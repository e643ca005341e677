// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/nightly/fire_store.hpp"

#include <pqxx/pqxx>

#include "base/logging.hpp"
#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/nightly/schedule_row.hpp"

namespace quantfleet::postgres {
namespace {

// For so long a row is its taker's. Seconds.
constexpr int64_t kTakenSeconds = 60;
// Until a row that has to wait is looked at again. Seconds.
constexpr int64_t kWaitSeconds = 5;
// Until a schedule is looked at again whose times cannot be told (its zone is gone). Seconds.
constexpr int64_t kBrokenSeconds = 600;

std::string RequestIdOf(const std::string& schedule_id, nightly::Instant due) {
  return schedule_id + "@" + std::to_string(due.time_since_epoch().count());
}

Status InsertFires(Transaction& tx, const std::string& schedule_id,
                   const std::vector<nightly::Fire>& fires) {
  for (const nightly::Fire& fire : fires) {
    QF_RETURN_IF_ERROR(tx.Query(R"(
      INSERT INTO schedule_fire (schedule_id, due_time, request_id, state, reason, settle_time)
      VALUES ($1, to_timestamp($2::bigint), $3, CASE WHEN $4 THEN 'skipped' ELSE 'due' END,
              CASE WHEN $4 THEN 'missed, and the misfire policy skips it' ELSE '' END,
              CASE WHEN $4 THEN clock_timestamp() END)
      ON CONFLICT DO NOTHING)",
                                {schedule_id, SecondsOf(fire.due),
                                 RequestIdOf(schedule_id, fire.due), fire.missed})
                           .status());
  }
  return OkStatus();
}

// Keeps others from the schedule's open rows until `seconds` after `now`.
Status HoldFires(Transaction& tx, const std::string& schedule_id, nightly::Instant now,
                 int64_t seconds) {
  return tx
      .Query(R"(
    UPDATE schedule_fire SET not_before = greatest(not_before, to_timestamp($2::bigint))
    WHERE schedule_id = $1 AND state IN ('due', 'submitting'))",
             {schedule_id, SecondsOf(now + std::chrono::seconds(seconds))})
      .status();
}

OpenFire FireOf(const pqxx::row& row) {
  OpenFire fire;
  fire.schedule_id = row["schedule_id"].as<std::string>();
  fire.request_id = row["fire_request_id"].as<std::string>();
  fire.document = row["document"].as<std::string>();
  fire.file_name = row["file_name"].as<std::string>();
  fire.actor.principal = row["principal"].as<std::string>();
  fire.actor.role =
      access::ParseRole(row["role"].as<std::string>()).value_or(access::Role::kSubmitter);
  fire.actor.peer = "schedule:" + row["name"].as<std::string>();
  fire.has_quota = row["has_quota"].as<bool>();
  return fire;
}

// The oldest open row of the schedule, which is locked; no row if it may not be touched yet.
Result<pqxx::result> OldestOpen(Transaction& tx, const std::string& schedule_id,
                                nightly::Instant now) {
  return tx.Query(R"(
    SELECT * FROM (
      SELECT s.*, f.request_id AS fire_request_id, f.state AS fire_state, f.by_hand, f.due_time,
             f.not_before <= to_timestamp($2::bigint) AS free
      FROM schedule_fire f JOIN schedule s USING (schedule_id)
      WHERE f.schedule_id = $1 AND f.state IN ('due', 'submitting') ORDER BY f.due_time LIMIT 1) AS oldest
    WHERE free)",
                  {schedule_id, SecondsOf(now)});
}

// A matrix of the schedule that still runs; empty if none does.
Result<std::string> Running(Transaction& tx, const std::string& schedule_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT m.matrix_id FROM schedule_fire f JOIN matrix m USING (matrix_id)
    WHERE f.schedule_id = $1 AND f.state = 'submitted' AND m.state = 'running' LIMIT 1)",
                                                {schedule_id}));
  return rows.empty() ? std::string() : rows[0][0].as<std::string>();
}

Status SetState(Transaction& tx, const std::string& request_id, const std::string& state,
                const std::string& reason, const Parameter& matrix_id = std::nullopt) {
  return tx
      .Query(R"(
    UPDATE schedule_fire SET state = $2, reason = $3, matrix_id = $4,
           settle_time = CASE WHEN $2 IN ('due', 'submitting') THEN NULL ELSE clock_timestamp() END
    WHERE request_id = $1)",
             {request_id, state, PlainText(reason), matrix_id})
      .status();
}

// Takes the row up, or settles it, or lets it wait.
Result<std::optional<OpenFire>> TakeUp(Transaction& tx, const pqxx::row& row,
                                       nightly::Instant now) {
  const OpenFire fire = FireOf(row);
  // Of one that somebody died over the matrix may be there, and is not the one that overlaps.
  if (row["fire_state"].as<std::string>() == "due" && !row["by_hand"].as<bool>()) {
    QF_ASSIGN_OR_RETURN(const std::string running, Running(tx, fire.schedule_id));
    if (!running.empty() && row["overlap"].as<std::string>() == "skip") {
      QF_RETURN_IF_ERROR(
          SetState(tx, fire.request_id, "skipped", "matrix " + running + " was still running"));
      return std::optional<OpenFire>();
    }
    if (!running.empty()) {
      QF_RETURN_IF_ERROR(
          SetState(tx, fire.request_id, "due", "waits for matrix " + running + " to end"));
      QF_RETURN_IF_ERROR(HoldFires(tx, fire.schedule_id, now, kWaitSeconds));
      return std::optional<OpenFire>();
    }
  }
  QF_RETURN_IF_ERROR(SetState(tx, fire.request_id, "submitting", ""));
  QF_RETURN_IF_ERROR(HoldFires(tx, fire.schedule_id, now, kTakenSeconds));
  return std::optional(fire);
}

}  // namespace

Result<bool> RecordDueTimes(Connection& db, const Now& now) {
  bool found = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const nightly::Instant instant, NowOf(tx, now));
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT schedule_id, cron, time_zone, misfire, jitter_seconds, extract(epoch FROM next_due)::bigint AS due
      FROM schedule WHERE state = 'active' AND next_fire <= to_timestamp($1::bigint)
      ORDER BY next_fire LIMIT 1 FOR UPDATE SKIP LOCKED)",
                                                  {SecondsOf(instant)}));
    found = !rows.empty();
    if (!found) return OkStatus();
    const auto schedule_id = rows[0]["schedule_id"].as<std::string>();
    const auto timing = TimingOf(
        schedule_id, rows[0]["cron"].as<std::string>(), rows[0]["time_zone"].as<std::string>(),
        rows[0]["misfire"].as<std::string>(), rows[0]["jitter_seconds"].as<int64_t>());
    if (!timing.ok()) {
      log::Error("a schedule cannot be told the time",
                 {{"schedule", schedule_id}, {"reason", timing.status().message()}});
      return tx
          .Query("UPDATE schedule SET next_fire = to_timestamp($2::bigint) WHERE schedule_id = $1",
                 {schedule_id, SecondsOf(instant + std::chrono::seconds(kBrokenSeconds))})
          .status();
    }
    const nightly::Instant due{std::chrono::seconds(rows[0]["due"].as<int64_t>())};
    const nightly::FirePlan plan = nightly::PlanFires(*timing, due, instant);
    QF_RETURN_IF_ERROR(InsertFires(tx, schedule_id, plan.fires));
    std::optional<nightly::Instant> fire;
    if (plan.next_due) {
      fire = *plan.next_due + nightly::JitterOf(schedule_id, *plan.next_due, timing->jitter);
    }
    return tx
        .Query(R"(
      UPDATE schedule SET next_due = to_timestamp($2::bigint), next_fire = to_timestamp($3::bigint)
      WHERE schedule_id = $1)",
               {schedule_id, SecondsOf(plan.next_due), SecondsOf(fire)})
        .status();
  }));
  return found;
}

Result<std::optional<OpenFire>> TakeFire(Connection& db, bool* more, const Now& now) {
  std::optional<OpenFire> fire;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    fire.reset();
    QF_ASSIGN_OR_RETURN(const nightly::Instant instant, NowOf(tx, now));
    QF_ASSIGN_OR_RETURN(const auto schedules, tx.Query(R"(
      SELECT s.schedule_id FROM schedule_fire f JOIN schedule s USING (schedule_id)
      WHERE f.state IN ('due', 'submitting') AND f.not_before <= to_timestamp($1::bigint)
      ORDER BY f.not_before, f.due_time LIMIT 1 FOR UPDATE OF s SKIP LOCKED)",
                                                       {SecondsOf(instant)}));
    *more = !schedules.empty();
    if (schedules.empty()) return OkStatus();
    // Anew, now that nobody else moves them: what was seen before the lock may be settled.
    const auto schedule_id = schedules[0][0].as<std::string>();
    QF_ASSIGN_OR_RETURN(const auto rows, OldestOpen(tx, schedule_id, instant));
    if (rows.empty()) return HoldFires(tx, schedule_id, instant, kWaitSeconds);
    QF_ASSIGN_OR_RETURN(fire, TakeUp(tx, rows[0], instant));
    return OkStatus();
  }));
  return fire;
}

Result<OpenFire> TakeFireByHand(Connection& db, const std::string& name,
                                const std::string& request_id, const access::Actor& actor) {
  OpenFire fire;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const v1::Schedule schedule, SelectSchedule(tx, name, true));
    if (!access::MayTouch(actor, schedule.principal())) {
      return access::PermissionDenied("schedule " + name + " is " + schedule.principal() +
                                      "'s; an operator may touch it");
    }
    const std::string fire_id = schedule.schedule_id() + "#" + request_id;
    QF_ASSIGN_OR_RETURN(const auto made, tx.Query(R"(
      INSERT INTO schedule_fire (schedule_id, due_time, request_id, by_hand, state, not_before)
      VALUES ($1, clock_timestamp(), $2, true, 'submitting', clock_timestamp() + make_interval(secs => $3))
      ON CONFLICT (request_id) DO NOTHING RETURNING 1)",
                                                  {schedule.schedule_id(), fire_id,
                                                   static_cast<double>(kTakenSeconds)}));
    if (!made.empty()) {
      QF_RETURN_IF_ERROR(WriteAudit(tx, actor, "RunSchedule", schedule.schedule_id(), name));
    }
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT s.*, f.request_id AS fire_request_id FROM schedule_fire f JOIN schedule s USING (schedule_id)
      WHERE f.request_id = $1)",
                                                  {fire_id}));
    fire = FireOf(rows[0]);
    return OkStatus();
  }));
  return fire;
}

Status SettleFire(Connection& db, const OpenFire& fire, const Result<std::string>& matrix_id) {
  return db.Run([&](Transaction& tx) -> Status {
    if (matrix_id.ok()) {
      QF_RETURN_IF_ERROR(SetState(tx, fire.request_id, "submitted", "", *matrix_id));
    } else {
      // A taker that came later may have had more luck.
      QF_ASSIGN_OR_RETURN(const auto open,
                          tx.Query("SELECT 1 FROM schedule_fire WHERE request_id = $1 AND state = "
                                   "'submitting' FOR UPDATE",
                                   {fire.request_id}));
      if (open.empty()) return OkStatus();
      QF_RETURN_IF_ERROR(SetState(tx, fire.request_id, "failed", matrix_id.status().message()));
    }
    // The schedule's next one need not wait for this one's taker any longer.
    return tx
        .Query(R"(
      UPDATE schedule_fire SET not_before = '-infinity' WHERE schedule_id = $1 AND state = 'due')",
               {fire.schedule_id})
        .status();
  });
}

}  // namespace quantfleet::postgres
