// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/sync/conduct.hpp"

namespace quantfleet::postgres {
namespace {

using Sessions = std::vector<std::string>;

// Blocks of a class that may start now, by the session that is to leave them to others first.
using Startable = std::map<int64_t, std::map<std::string, int>>;

// As far as `at_most` of each class. In the index's order, which needs none: without it the planner
// reads the table until it meets the class, and that may be its last million rows.
Result<Startable> StartableBlocks(Transaction& tx, int at_most) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT c.class_id, line.avoid, count(*) FROM requirement_class c, LATERAL (
      SELECT CASE WHEN r.not_before <= clock_timestamp() - interval '10 s' THEN '' ELSE r.avoid_session END AS avoid
      FROM ready r WHERE r.class_id = c.class_id AND r.not_before <= clock_timestamp()
      ORDER BY r.class_id, r.principal, r.band, r.sort_key, r.block_id LIMIT $1) AS line
    GROUP BY 1, 2)",
                                                {at_most}));
  Startable startable;
  for (const auto& row : rows) {
    startable[row[0].as<int64_t>()][row[1].as<std::string>()] = row[2].as<int>();
  }
  return startable;
}

bool TakeOne(std::map<std::string, int>& line, const std::string& session) {
  for (auto& [avoid, left] : line) {
    if (avoid == session || left == 0) continue;
    --left;
    return true;
  }
  return false;
}

// As many of `sessions` as there are blocks for: more would only find that others were faster.
Status AddServed(Transaction& tx, const Sessions& sessions, std::set<std::string>& answerable) {
  QF_ASSIGN_OR_RETURN(auto startable, StartableBlocks(tx, static_cast<int>(sessions.size())));
  if (startable.empty()) return OkStatus();
  std::vector<int64_t> classes;
  for (const auto& [class_id, line] : startable) classes.push_back(class_id);
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query(std::string(R"(
    SELECT c.session_id, c.class_id
    FROM unnest($1::text[]) WITH ORDINALITY AS g (session_id, place)
    JOIN session_class c USING (session_id) JOIN session s USING (session_id) JOIN agent a USING (agent_name)
    WHERE c.class_id = ANY($2::bigint[]) AND NOT a.draining AND NOT )") +
                   kQuarantined + "AND NOT" + kHostBusy + " ORDER BY g.place, c.class_id",
               {Parameter::Array(sessions), Parameter::Array(classes)}));
  for (const auto& row : rows) {
    const auto session = row[0].as<std::string>();
    if (answerable.contains(session)) continue;
    if (TakeOne(startable[row[1].as<int64_t>()], session)) answerable.insert(session);
  }
  return OkStatus();
}

}  // namespace

Result<Sessions> AnswerableSessions(Connection& db, const Sessions& sessions, bool thorough) {
  std::set<std::string> answerable;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    answerable.clear();
    if (thorough) {
      QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
        SELECT s.session_id FROM session s WHERE s.session_id = ANY($1::text[])
          AND (s.state <> 'open' OR EXISTS (SELECT 1 FROM lease l WHERE l.session_id = s.session_id)))",
                                                    {Parameter::Array(sessions)}));
      for (const auto& row : rows) answerable.insert(row[0].as<std::string>());
    }
    return AddServed(tx, sessions, answerable);
  }));
  return Sessions(answerable.begin(), answerable.end());
}

}  // namespace quantfleet::postgres
