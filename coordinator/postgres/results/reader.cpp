// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/results/reader.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "base/logging.hpp"

namespace quantfleet::postgres {
namespace {

// A standby that is further behind is slower than the primary.
constexpr auto kPatience = std::chrono::milliseconds(250);
constexpr auto kBetweenLooks = std::chrono::milliseconds(2);
// Each look at one that is away may take seconds, of a call that somebody waits for.
constexpr auto kRest = std::chrono::seconds(10);
constexpr auto kRestBehind = std::chrono::seconds(1);

// The answer would be the same elsewhere.
bool IsAnswer(const Status& status) {
  return status.ok() || status.code() == StatusCode::kNotFound ||
         status.code() == StatusCode::kInvalidArgument;
}

std::string WithShortConnect(const std::string& conninfo) {
  const bool uri = conninfo.find("://") != std::string::npos;
  if (uri || conninfo.find("connect_timeout") != std::string::npos) return conninfo;
  return conninfo + " connect_timeout=2";
}

}  // namespace

Result<std::optional<Mark>> MarkOf(Connection& primary) {
  // What is flushed: an acknowledged transaction is, and a standby is sent no more than that.
  QF_ASSIGN_OR_RETURN(const auto rows, primary.Ask(R"(
    SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_flush_lsn() END,
           CASE WHEN NOT pg_is_in_recovery()
                THEN ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint END,
           system_identifier FROM pg_control_system())"));
  if (rows[0][0].is_null()) return std::optional<Mark>();
  return std::optional<Mark>(
      Mark{rows[0][0].as<std::string>(), rows[0][1].as<int64_t>(), rows[0][2].as<std::string>()});
}

Reader::Reader(Pool* primary, const std::string& conninfo, int threads, size_t max_queued,
               Watch watch)
    : primary_(primary),
      watch_(std::move(watch)),
      standby_(WithShortConnect(conninfo), threads, max_queued) {}

void Reader::Read(Connection& primary, const Job& job, const Done& done) {
  if (!MayTry()) return ReadFromPrimary(primary, job, done);
  const auto mark = MarkOf(primary);
  if (!mark.ok() || !mark->has_value()) return ReadFromPrimary(primary, job, done);
  const int64_t seen = rest_until_;
  const bool posted = standby_.Post([this, seen, mark = **mark, job, done](Connection& standby) {
    // While this waited for a connection, another one may have found it away.
    const int64_t until = rest_until_;
    Status status = until == 0 || until == seen ? CatchUp(standby, mark) : Unavailable("it rests");
    if (status.ok()) status = job(standby);
    if (IsAnswer(status)) {
      if (watch_) watch_(true);
      done(std::move(status));
      return;
    }
    const bool again =
        primary_->Post([this, job, done](Connection& other) { ReadFromPrimary(other, job, done); });
    if (!again) done(Unavailable("the coordinator is busy or stopping; try again"));
  });
  if (!posted) ReadFromPrimary(primary, job, done);
}

void Reader::ReadFromPrimary(Connection& primary, const Job& job, const Done& done) const {
  if (watch_) watch_(false);
  done(job(primary));
}

// Of those who find the rest over, one looks.
bool Reader::MayTry() {
  int64_t until = rest_until_;
  if (until == 0) return true;
  const Duration now = Clock::Steady()->Now();
  return now.count() >= until && rest_until_.compare_exchange_strong(until, (now + kRest).count());
}

Status Reader::CatchUp(Connection& standby, const Mark& mark) {
  const Duration end = Clock::Steady()->Now() + kPatience;
  // A server that was promoted, or follows another timeline, may have what the primary never had.
  while (true) {
    const auto rows = standby.Ask(R"(
      SELECT pg_is_in_recovery() AND system_identifier::text = $2 AND min_recovery_end_timeline = $3,
             coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)
      FROM pg_control_system(), pg_control_recovery())",
                                  {mark.lsn, mark.cluster, mark.timeline});
    const bool follows = rows.ok() && (*rows)[0][0].as<bool>();
    if (follows && (*rows)[0][1].as<bool>()) {
      rest_until_ = 0;
      return OkStatus();
    }
    const Duration now = Clock::Steady()->Now();
    if (!follows) {
      rest_until_ = (now + kRest).count();
      Status why = rows.ok() ? Unavailable("it does not follow the primary") : rows.status();
      log::Warning("the replica is of no use now; reading from the primary",
                   {{"reason", why.message()}});
      return why;
    }
    if (now >= end) {
      rest_until_ = (now + kRestBehind).count();
      return Unavailable("the replica is behind");
    }
    // Nobody tells when the standby has replayed more; libpq has no call to wait for it.
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace quantfleet::postgres
