// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/sync/conduct.hpp"

#include "coordinator/postgres/input.hpp"

namespace quantfleet::postgres {
namespace {

// Of the session's device, locked; all that is known of one that behaved well is that. Times are
// the database's, in seconds since 1970.
Result<scheduler::Conduct> LockConduct(Transaction& tx, const std::string& session_id,
                                       double* now) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT q.strikes, extract(epoch FROM q.free_time)::float8, array_to_string(q.suspects, ' ')
    FROM session s JOIN conduct q USING (agent_name, device_uid) WHERE s.session_id = $1 FOR UPDATE OF q)",
                                                {session_id}));
  QF_ASSIGN_OR_RETURN(const auto clock,
                      tx.Query("SELECT extract(epoch FROM clock_timestamp())::float8"));
  *now = clock[0][0].as<double>();
  scheduler::Conduct conduct;
  if (rows.empty()) return conduct;
  conduct.strikes = rows[0][0].as<int>();
  conduct.free_time = rows[0][1].as<double>();
  conduct.suspects = NumbersIn(rows[0][2].as<std::string>());
  return conduct;
}

}  // namespace

Status NoteMishap(Transaction& tx, const std::string& session_id, int64_t block_id,
                  scheduler::Mishap mishap, const std::string& reason) {
  double now = 0;
  QF_ASSIGN_OR_RETURN(const auto before, LockConduct(tx, session_id, &now));
  const scheduler::Conduct after = scheduler::AfterMishap(before, {}, mishap, block_id, now);
  return tx
      .Query(R"(
    INSERT INTO conduct (agent_name, device_uid, strikes, suspects, free_time, reason)
    SELECT agent_name, device_uid, $2, $3::bigint[], to_timestamp($4), $5 FROM session WHERE session_id = $1
    ON CONFLICT (agent_name, device_uid) DO UPDATE SET strikes = excluded.strikes, suspects = excluded.suspects,
      free_time = excluded.free_time, reason = excluded.reason)",
             {session_id, after.strikes, Parameter::Array(after.suspects), after.free_time,
              PlainText(reason)})
      .status();
}

Status NoteSuccess(Transaction& tx, const std::vector<std::string>& session_ids) {
  return tx
      .Query(R"(
    DELETE FROM conduct q USING session s
    WHERE s.session_id = ANY($1::text[]) AND q.agent_name = s.agent_name AND q.device_uid = s.device_uid)",
             {Parameter::Array(session_ids)})
      .status();
}

}  // namespace quantfleet::postgres
