// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/agent_store.hpp"

#include "coordinator/postgres/blocks/loss.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {

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
