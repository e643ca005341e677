// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/sync/held.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {
namespace {

void Introduce(Seeker& seeker, const pqxx::row& row) {
  const std::string& agent = seeker.call->agent;
  if (!agent.empty() && row["agent_name"].as<std::string>() != agent) {
    seeker.status = access::PermissionDenied("this is no session of agent " + agent);
    return;
  }
  seeker.status = OkStatus();
  seeker.host_id = row["host_id"].as<std::string>();
  seeker.device_uid = row["device_uid"].as<std::string>();
  seeker.device_class = row["device_class"].as<std::string>();
  seeker.share_host = row["share_host"].as<bool>();
  seeker.draining = row["draining"].as<bool>();
  // What is past its time lives on borrowed time: it gets what is shortest.
  const auto life = row["life_seconds"].as<double>();
  seeker.life_left_seconds = life > 0 ? std::max(1.0, life - row["age"].as<double>()) : 0;
  seeker.classes = NumbersIn(row["classes"].as<std::string>(""));
  seeker.conduct.strikes = row["strikes"].as<int>(0);
  seeker.quarantined = row["quarantined"].as<bool>(false);
  seeker.host_is_busy = row["host_is_busy"].as<bool>(false);
  seeker.may_queue = !row["holds_suspect"].as<bool>() && !row["takes_turns"].as<bool>();
}

}  // namespace

Status LockHosts(Transaction& tx, const std::vector<Seeker>& seekers) {
  std::vector<std::string> sessions;
  for (const Seeker& seeker : seekers) {
    if (seeker.MayWant()) sessions.push_back(PlainText(seeker.request().session_id()));
  }
  if (sessions.empty()) return OkStatus();
  return tx
      .Query(R"(
    SELECT pg_advisory_xact_lock(7242, host) FROM (
      SELECT DISTINCT hashtext(host_id) AS host FROM session WHERE session_id = ANY($1::text[]) ORDER BY 1) AS hosts)",
             {Parameter::Array(sessions)})
      .status();
}

Status MeetSessions(Transaction& tx, std::vector<Seeker>& seekers) {
  std::map<std::string, Seeker*> by_session;
  std::vector<std::string> sessions, reasons;
  std::vector<int64_t> spooled;
  for (Seeker& seeker : seekers) {
    const v1::SyncRequest& request = seeker.request();
    seeker.status = FailedPrecondition("the session is over; say Hello again");
    if (PlainText(request.session_id()) != request.session_id()) continue;  // none of ours
    by_session[request.session_id()] = &seeker;
    sessions.push_back(request.session_id());
    spooled.push_back(std::min(request.spooled_results(), 1000000U));
    reasons.push_back(PlainText(request.not_leasing_reason()));
  }
  // Whoever sweeps takes a session that is locked for alive, and one that is not written to often
  // costs less: last_seen is true to 2 s.
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query(std::string(R"(
    WITH given AS MATERIALIZED (
      SELECT * FROM unnest($1::text[], $2::integer[], $3::text[]) AS g (session_id, spooled, reason)),
    met AS MATERIALIZED (
      SELECT s.session_id FROM session s WHERE s.session_id = ANY($1::text[]) AND s.state = 'open'
      ORDER BY s.session_id FOR NO KEY UPDATE),
    touched AS (
      UPDATE session s SET last_seen = clock_timestamp(), spooled_results = g.spooled, not_leasing_reason = g.reason
      FROM met JOIN given g USING (session_id)
      WHERE s.session_id = met.session_id AND s.session_id = ANY($1::text[])
        AND (s.last_seen < clock_timestamp() - interval '2 s' OR s.spooled_results <> g.spooled
             OR s.not_leasing_reason <> g.reason))
    SELECT s.session_id, s.agent_name, s.host_id, s.device_uid, s.device_class, s.share_host, a.draining,
           s.life_seconds, extract(epoch FROM clock_timestamp() - s.create_time)::float8 AS age,
           (SELECT array_agg(c.class_id ORDER BY c.class_id) FROM session_class c
            WHERE c.session_id = s.session_id)::text AS classes,
           q.strikes, q.free_time > clock_timestamp() AS quarantined,
           EXISTS (SELECT 1 FROM lease l JOIN block b USING (block_id)
                   WHERE l.session_id = s.session_id AND b.losing_sessions > 0) AS holds_suspect, )") +
                   kHostShared + R"( AS takes_turns, CASE WHEN )" + kHostShared + "THEN " +
                   kHostBusy + R"( END AS host_is_busy
    FROM met JOIN session s USING (session_id) JOIN agent a USING (agent_name)
    LEFT JOIN conduct q ON q.agent_name = s.agent_name AND q.device_uid = s.device_uid)",
               {Parameter::Array(sessions), Parameter::Array(spooled), Parameter::Array(reasons)}));
  for (const auto& row : rows) Introduce(*by_session.at(row["session_id"].as<std::string>()), row);
  return OkStatus();
}

namespace {

// A lease a session says it holds.
struct Claimed {
  Seeker* seeker = nullptr;
  bool is_running = false;
  bool is_finished = false;
  std::string block_id;
  uint64_t epoch = 0;
};

std::vector<Claimed> ClaimedBy(std::vector<Seeker>& seekers) {
  std::vector<Claimed> all;
  for (Seeker& seeker : seekers) {
    if (!seeker.open()) continue;
    const v1::SyncRequest& request = seeker.request();
    if (request.has_running()) {
      all.push_back(
          {&seeker, true, false, request.running().block_id(), request.running().epoch()});
    }
    for (const v1::HeldBlock& held : request.queued()) {
      all.push_back({&seeker, false, false, held.block_id(), held.epoch()});
    }
    for (const v1::HeldBlock& held : request.finished()) {
      all.push_back({&seeker, false, true, held.block_id(), held.epoch()});
    }
  }
  return all;
}

void Refuse(const Claimed& claimed, const std::string& reason) {
  if (claimed.is_finished) return;  // its report is answered with what became of it
  v1::SyncResponse& response = claimed.seeker->response;
  v1::Stop& stop = claimed.is_running ? *response.mutable_stop() : *response.add_dropped();
  stop.set_block_id(claimed.block_id);
  stop.set_epoch(claimed.epoch);
  stop.set_reason(reason);
}

// Why blocks are no session's any more, for people.
Status RefuseAll(Transaction& tx, const std::vector<const Claimed*>& lost) {
  if (lost.empty()) return OkStatus();
  std::vector<int64_t> ids;
  for (const Claimed* claimed : lost) {
    if (const auto id = ParseBlockId(claimed->block_id)) ids.push_back(*id);
  }
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT block_id, state FROM block WHERE block_id = ANY($1::bigint[])",
               {Parameter::Array(ids)}));
  std::map<std::string, std::string> states;
  for (const auto& row : rows) states[row[0].as<std::string>()] = row[1].as<std::string>();
  for (const Claimed* claimed : lost) {
    const std::string& state = states[claimed->block_id];
    Refuse(*claimed, state == "cancelled" ? "the matrix was cancelled"
                     : state == "done"    ? "the block has its result"
                                          : "the lease ran out or was granted again");
  }
  return OkStatus();
}

struct RenewalRows {
  std::vector<int64_t> blocks, epochs;
  std::vector<std::string> sessions, phases;
  std::vector<double> fractions;
  std::map<std::pair<int64_t, std::string>, const Claimed*> of;
};

RenewalRows RowsOf(const std::vector<Claimed>& all, std::vector<const Claimed*>& lost) {
  RenewalRows rows;
  for (const Claimed& claimed : all) {
    const auto block = ParseBlockId(claimed.block_id);
    const auto epoch = Bigint(claimed.epoch);
    const std::string& session = claimed.seeker->request().session_id();
    if (!block || !epoch || rows.of.contains({*block, session})) {
      lost.push_back(&claimed);
      continue;
    }
    const v1::RunningBlock& running = claimed.seeker->request().running();
    const bool known = claimed.is_running && std::isfinite(running.fraction());
    rows.blocks.push_back(*block);
    rows.epochs.push_back(*epoch);
    rows.sessions.push_back(session);
    rows.phases.push_back(claimed.is_running    ? PlainText(running.phase())
                          : claimed.is_finished ? "finished"
                                                : "queued");
    rows.fractions.push_back(known                 ? std::clamp(running.fraction(), 0.0, 1.0)
                             : claimed.is_finished ? 1
                                                   : 0);
    rows.of[{*block, session}] = &claimed;
  }
  return rows;
}

}  // namespace

Status RenewLeases(Transaction& tx, std::vector<Seeker>& seekers, const LeasePolicy& policy) {
  const std::vector<Claimed> all = ClaimedBy(seekers);
  if (all.empty()) return OkStatus();
  std::vector<const Claimed*> lost;
  const RenewalRows given = RowsOf(all, lost);
  // A lease that somebody else holds locked is about to go: it counts as held this once, for
  // waiting here while others wait for our sessions is how transactions lock each other out.
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    WITH given AS MATERIALIZED (
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::float8[], $5::text[])
        AS g (block_id, epoch, session_id, fraction, phase)),
    mine AS MATERIALIZED (
      SELECT l.block_id FROM given g JOIN lease l USING (block_id, epoch, session_id)
      ORDER BY l.block_id FOR UPDATE OF l SKIP LOCKED),
    renewed AS (
      UPDATE lease l SET expire_time = clock_timestamp() + make_interval(secs => $6), fraction = g.fraction,
                         phase = g.phase
      FROM mine JOIN given g USING (block_id) WHERE l.block_id = mine.block_id AND l.session_id = g.session_id)
    SELECT g.block_id, g.session_id FROM given g
    WHERE NOT EXISTS (SELECT 1 FROM lease l WHERE l.block_id = g.block_id AND l.epoch = g.epoch
                                              AND l.session_id = g.session_id))",
                               {Parameter::Array(given.blocks), Parameter::Array(given.epochs),
                                Parameter::Array(given.sessions), Parameter::Array(given.fractions),
                                Parameter::Array(given.phases), policy.lease_seconds}));
  for (const auto& row : rows) {
    lost.push_back(given.of.at({row[0].as<int64_t>(), row[1].as<std::string>()}));
  }
  return RefuseAll(tx, lost);
}

Status OfferAgain(Transaction& tx, std::vector<Seeker>& seekers) {
  std::map<std::string, Seeker*> by_session;
  std::vector<std::string> sessions;
  for (Seeker& seeker : seekers) {
    if (!seeker.open()) continue;
    by_session[seeker.request().session_id()] = &seeker;
    sessions.push_back(seeker.request().session_id());
  }
  // Each for itself: what another session says of a block keeps nothing from its holder.
  std::vector<int64_t> mentioned;
  std::vector<std::string> by;
  for (const Claimed& claimed : ClaimedBy(seekers)) {
    const auto id = ParseBlockId(claimed.block_id);
    if (!id) continue;
    mentioned.push_back(*id);
    by.push_back(claimed.seeker->request().session_id());
  }
  // OFFSET 0 keeps the planner from reading all blocks for the few leases: how many those are, its
  // statistics rarely know.
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query(R"(
    SELECT l.session_id, b.* FROM lease l, LATERAL (
      SELECT block_id, epoch, spec, matrix_id FROM block
      WHERE block.block_id = l.block_id AND block.epoch = l.epoch AND block.state = 'leased' OFFSET 0) AS b
    WHERE l.session_id = ANY($1::text[])
      AND (l.block_id, l.session_id) NOT IN (SELECT * FROM unnest($2::bigint[], $3::text[]))
    ORDER BY l.grant_time, b.block_id)",
               {Parameter::Array(sessions), Parameter::Array(mentioned), Parameter::Array(by)}));
  for (const auto& row : rows) by_session.at(row[0].as<std::string>())->Give(GrantFrom(row));
  return OkStatus();
}

}  // namespace quantfleet::postgres
