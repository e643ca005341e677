// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/agent_store.hpp"

#include <algorithm>
#include <cmath>

#include "base/ids.hpp"
#include "coordinator/postgres/blocks/loss.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {
namespace {

// True of a session s whose host has no room: one block at a time on a device, and on a host unless
// all who run there agreed to share it.
constexpr const char* kHostBusy = R"( EXISTS (
  SELECT 1 FROM lease l JOIN session o USING (session_id)
  WHERE o.host_id = s.host_id AND (o.device_uid = s.device_uid OR NOT o.share_host OR NOT s.share_host)) )";

Result<bool> IsOpen(Transaction& tx, const v1::SyncRequest& request) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    UPDATE session SET last_seen = clock_timestamp(), spooled_results = $2, not_leasing_reason = $3
    WHERE session_id = $1 AND state = 'open')",
                               {request.session_id(), std::min(request.spooled_results(), 1000000U),
                                PlainText(request.not_leasing_reason())}));
  return rows.affected_rows() == 1;
}

// Extends the lease of the block the agent says it runs; false if it holds it no longer.
Result<bool> Renew(Transaction& tx, const v1::SyncRequest& request, const LeasePolicy& policy) {
  const v1::RunningBlock& running = request.running();
  const auto block_id = ParseBlockId(running.block_id());
  if (!block_id || !Bigint(running.epoch())) return false;
  const double fraction =
      std::isfinite(running.fraction()) ? std::clamp(running.fraction(), 0.0, 1.0) : 0;
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    UPDATE lease SET expire_time = clock_timestamp() + make_interval(secs => $4), fraction = $5, phase = $6
    WHERE block_id = $1 AND epoch = $2 AND session_id = $3)",
                               {*block_id, running.epoch(), request.session_id(),
                                policy.lease_seconds, fraction, PlainText(running.phase())}));
  return rows.affected_rows() == 1;
}

// Why a block is not the session's any more, for people.
Result<v1::Stop> StopOf(Transaction& tx, const v1::RunningBlock& running) {
  v1::Stop stop;
  stop.set_block_id(running.block_id());
  stop.set_epoch(running.epoch());
  stop.set_reason("the lease ran out or was granted again");
  const auto block_id = ParseBlockId(running.block_id());
  if (!block_id) return stop;
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query("SELECT state FROM block WHERE block_id = $1", {*block_id}));
  const std::string state = rows.empty() ? "" : rows[0][0].as<std::string>();
  if (state == "cancelled") stop.set_reason("the matrix was cancelled");
  if (state == "done") stop.set_reason("the block has its result");
  return stop;
}

v1::Grant GrantFrom(const pqxx::row& row) {
  v1::Grant grant;
  grant.mutable_block()->ParseFromString(FromBytea(row["spec"]));
  grant.mutable_block()->set_block_id(row["block_id"].as<std::string>());
  grant.mutable_block()->set_matrix_id(row["matrix_id"].as<std::string>());
  grant.set_epoch(row["epoch"].as<uint64_t>());
  return grant;
}

// The grant whose answer was lost: the session holds a lease it does not mention.
Result<std::optional<v1::Grant>> Reoffer(Transaction& tx, const std::string& session_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT b.block_id, b.epoch, b.spec, b.matrix_id FROM lease l JOIN block b USING (block_id)
    WHERE l.session_id = $1 AND l.epoch = b.epoch AND b.state = 'leased')",
                                                {session_id}));
  if (rows.empty()) return std::optional<v1::Grant>();
  return std::optional<v1::Grant>(GrantFrom(rows[0]));
}

// Two devices of a host that ask at once must see each other's lease: they take turns here, before
// the claim's snapshot. lease_exclusion_unique stands behind it.
Status LockHost(Transaction& tx, const std::string& session_id) {
  return tx
      .Query(
          "SELECT pg_advisory_xact_lock(7242, hashtext(host_id)) FROM session WHERE session_id = "
          "$1",
          {session_id})
      .status();
}

// The first block of each class that the session meets is looked at, never the whole queue. Locks
// block and queue row together and skips what others hold. No condition on the block's state here:
// before the first ANALYZE the planner takes it for rare, and sorts the queue. Leaves the matrix
// row alone, which is locked before blocks everywhere; see kSelectMatrix for the version.
Result<std::optional<v1::Grant>> Claim(Transaction& tx, const std::string& session_id,
                                       const LeasePolicy& policy) {
  QF_RETURN_IF_ERROR(LockHost(tx, session_id));
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(std::string(R"(
    WITH me AS MATERIALIZED (
      SELECT CASE WHEN s.share_host THEN s.host_id || '/' || s.device_uid ELSE s.host_id END AS exclusion_key
      FROM session s JOIN agent a USING (agent_name)
      WHERE s.session_id = $1 AND NOT a.draining AND NOT )") +
                                                    kHostBusy + R"(),
    heads AS MATERIALIZED (
      SELECT head.block_id, head.band, head.sort_key FROM me, session_class c, LATERAL (
        SELECT r.block_id, r.band, r.sort_key FROM ready r JOIN block b USING (block_id)
        WHERE r.class_id = c.class_id AND )" + kMayStart +
                                                    R"(
        ORDER BY r.band, r.sort_key, r.block_id LIMIT 1 FOR UPDATE OF r, b SKIP LOCKED) AS head
      WHERE c.session_id = $1),
    picked AS MATERIALIZED (SELECT block_id FROM heads ORDER BY band, sort_key, block_id LIMIT 1),
    gone AS (DELETE FROM ready USING picked WHERE ready.block_id = picked.block_id),
    taken AS (
      UPDATE block SET state = 'leased', epoch = epoch + 1 FROM picked
      WHERE block.block_id = picked.block_id AND block.state = 'ready'
      RETURNING block.block_id, block.epoch, block.spec, block.matrix_id),
    leased AS (
      INSERT INTO lease (block_id, epoch, session_id, exclusion_key, expire_time)
      SELECT block_id, epoch, $1, exclusion_key, clock_timestamp() + make_interval(secs => $2) FROM taken, me),
    tried AS (INSERT INTO attempt (block_id, epoch, session_id) SELECT block_id, epoch, $1 FROM taken)
    SELECT block_id, epoch, spec, matrix_id FROM taken)",
                                                {session_id, policy.lease_seconds}));
  if (rows.empty()) return std::optional<v1::Grant>();
  return std::optional<v1::Grant>(GrantFrom(rows[0]));
}

}  // namespace

Result<v1::HelloResponse> OpenSession(Connection& db, const v1::HelloRequest& request,
                                      const LeasePolicy& policy) {
  v1::HelloResponse response;
  response.set_lease_seconds(policy.lease_seconds);
  response.set_sync_seconds(policy.sync_seconds);
  const std::string fresh = RandomId("ses_");
  const v1::Device& device = request.device().device();
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(LockMatching(tx));
    QF_ASSIGN_OR_RETURN(const auto known,
                        tx.Query("SELECT session_id FROM session WHERE agent_name = $1 AND "
                                 "request_id = $2",
                                 {request.agent_name(), request.request_id()}));
    // Even if it is over: a late copy of an old Hello must not supersede its successor.
    if (!known.empty()) {
      response.set_session_id(known[0][0].as<std::string>());
      return OkStatus();
    }
    response.set_session_id(fresh);
    QF_RETURN_IF_ERROR(
        tx.Query("INSERT INTO agent VALUES ($1) ON CONFLICT DO NOTHING", {request.agent_name()})
            .status());
    QF_ASSIGN_OR_RETURN(const auto former, tx.Query(R"(
      SELECT session_id FROM session WHERE agent_name = $1 AND device_uid = $2 AND state = 'open' FOR UPDATE)",
                                                    {request.agent_name(), device.uid()}));
    for (const auto& row : former) {
      QF_RETURN_IF_ERROR(EndSession(tx, row[0].as<std::string>(),
                                    {"superseded", "a new session of the agent took over"},
                                    policy));
    }
    QF_RETURN_IF_ERROR(tx.Query(R"(
      INSERT INTO session (session_id, request_id, agent_name, device_uid, host_id, share_host, device_class, state, hello)
      VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8))",
                                {fresh, request.request_id(), request.agent_name(), device.uid(),
                                 request.host_id(), request.share_host(), device.device_class(),
                                 Parameter::Bytes(request.SerializeAsString())})
                           .status());
    return MatchSession(tx, fresh, request);
  }));
  return response;
}

Result<v1::SyncResponse> SyncSession(Connection& db, const v1::SyncRequest& request,
                                     const LeasePolicy& policy) {
  v1::SyncResponse response;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    // Idle agents call again at once: the call itself waits. Not so one that wants nothing.
    const bool hurry = !request.has_running() && !request.draining();
    response.set_next_sync_seconds(hurry ? 0 : policy.sync_seconds);
    QF_ASSIGN_OR_RETURN(const bool open, IsOpen(tx, request));
    if (!open) return FailedPrecondition("the session is over; say Hello again");
    if (request.has_running()) {
      QF_ASSIGN_OR_RETURN(const bool held, Renew(tx, request, policy));
      if (held) return OkStatus();
      QF_ASSIGN_OR_RETURN(*response.mutable_stop(), StopOf(tx, request.running()));
      return OkStatus();
    }
    QF_ASSIGN_OR_RETURN(auto grant, Reoffer(tx, request.session_id()));
    if (!grant && !request.draining() && request.not_leasing_reason().empty()) {
      QF_ASSIGN_OR_RETURN(grant, Claim(tx, request.session_id(), policy));
    }
    if (grant) *response.mutable_start() = *std::move(grant);
    return OkStatus();
  }));
  return response;
}

Status CloseSession(Connection& db, const std::string& session_id, const std::string& reason) {
  return db.Run([&](Transaction& tx) {
    const SessionEnd goodbye{"closed", PlainText(reason), false};
    return EndSession(tx, session_id, goodbye, {});
  });
}

namespace {

// False if the session called in the meantime. The lock comes first, in a statement of its own:
// what is read after it is what it protects. A locked session is being served, hence alive.
Result<bool> ExpireOne(Transaction& tx, const std::string& session_id, const LeasePolicy& policy) {
  QF_ASSIGN_OR_RETURN(
      const auto locked,
      tx.Query("SELECT 1 FROM session WHERE session_id = $1 FOR UPDATE SKIP LOCKED", {session_id}));
  if (locked.empty()) return false;
  QF_ASSIGN_OR_RETURN(
      const auto late,
      tx.Query("SELECT 1 FROM lease WHERE session_id = $1 AND expire_time < clock_timestamp()",
               {session_id}));
  if (late.empty()) return false;
  QF_RETURN_IF_ERROR(EndSession(tx, session_id, {"lost", "the lease ran out"}, policy));
  return true;
}

}  // namespace

Result<int> ExpireLeases(Connection& db, int at_most, const LeasePolicy& policy) {
  std::vector<std::string> late;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT DISTINCT session_id FROM lease WHERE expire_time < clock_timestamp() ORDER BY session_id LIMIT $1)",
                                                  {at_most}));
    late.clear();
    for (const auto& row : rows) late.push_back(row[0].as<std::string>());
    return OkStatus();
  }));
  int lost = 0;
  // A transaction each: sweepers that hold a matrix each must not wait for one another's.
  for (const std::string& session_id : late) {
    bool ended = false;
    QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
      QF_ASSIGN_OR_RETURN(ended, ExpireOne(tx, session_id, policy));
      return OkStatus();
    }));
    lost += ended ? 1 : 0;
  }
  return lost;
}

Result<std::vector<std::string>> AnswerableSessions(Connection& db,
                                                    const std::vector<std::string>& sessions) {
  std::vector<std::string> answerable;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    answerable.clear();
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(std::string(R"(
      SELECT s.session_id FROM session s JOIN agent a USING (agent_name)
      WHERE s.session_id = ANY($1::text[]) AND (
        s.state <> 'open'
        OR EXISTS (SELECT 1 FROM lease l WHERE l.session_id = s.session_id)
        OR (NOT a.draining
            AND EXISTS (
              SELECT 1 FROM session_class c, LATERAL (
                SELECT 1 FROM ready r
                WHERE r.class_id = c.class_id AND )") +
                                                      kMayStart + R"( LIMIT 1) AS head
              WHERE c.session_id = s.session_id)
            AND NOT )" + kHostBusy + "))",
                                                  {Parameter::Array(sessions)}));
    for (const auto& row : rows) answerable.push_back(row[0].as<std::string>());
    return OkStatus();
  }));
  return answerable;
}

Status LoseSilentSessions(Connection& db, double seconds) {
  return db.Run([&](Transaction& tx) -> Status {
    return tx
        .Query(R"(
      WITH silent AS MATERIALIZED (
        SELECT session_id FROM session s
        WHERE state = 'open' AND last_seen < clock_timestamp() - make_interval(secs => $1)
          AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.session_id = s.session_id)
        LIMIT 1000 FOR UPDATE SKIP LOCKED),
      unmatched AS (DELETE FROM session_class c USING silent WHERE c.session_id = silent.session_id)
      UPDATE session SET state = 'lost' FROM silent WHERE session.session_id = silent.session_id)",
               {seconds})
        .status();
  });
}

}  // namespace quantfleet::postgres
