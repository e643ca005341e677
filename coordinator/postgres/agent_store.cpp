// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/agent_store.hpp"

#include <cmath>

#include "base/ids.hpp"
#include "coordinator/postgres/blocks/loss.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {
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
    QF_RETURN_IF_ERROR(
        tx.Query(R"(
      INSERT INTO session (session_id, request_id, agent_name, device_uid, host_id, share_host, device_class, state, hello,
                           life_seconds)
      VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9))",
                 {fresh, request.request_id(), request.agent_name(), device.uid(),
                  request.host_id(), request.share_host(), device.device_class(),
                  Parameter::Bytes(request.SerializeAsString()),
                  std::isfinite(request.life_seconds()) ? request.life_seconds() : 0})
            .status());
    return MatchSession(tx, fresh, request);
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
