// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {

Status QueueBlocks(Transaction& tx, const std::vector<int64_t>& block_ids, double delay_seconds,
                   const std::string& avoid_session) {
  if (block_ids.empty()) return OkStatus();
  return tx
      .Query(R"(
    INSERT INTO ready (block_id, class_id, principal, band, sort_key, not_before, avoid_session)
    SELECT b.block_id, b.class_id, m.principal, 9 - m.priority,
           (extract(epoch FROM m.create_time) * 1000000)::bigint,
           CASE WHEN $2::float8 > 0 THEN clock_timestamp() + make_interval(secs => $2) ELSE '-infinity' END, $3
    FROM block b JOIN matrix m USING (matrix_id) WHERE b.block_id = ANY($1::bigint[]))",
             {Parameter::Array(block_ids), delay_seconds, avoid_session})
      .status();
}

Result<int64_t> CountQueued(Transaction& tx, const std::string& matrix_id, int64_t class_id,
                            int64_t at_most) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT count(*) FROM (
      SELECT 1 FROM matrix m JOIN ready r ON r.class_id = $2 AND r.principal = m.principal
        AND r.band = 9 - m.priority AND r.sort_key = (extract(epoch FROM m.create_time) * 1000000)::bigint
      WHERE m.matrix_id = $1 LIMIT $3) AS queued)",
                                                {matrix_id, class_id, at_most}));
  return rows[0][0].as<int64_t>();
}

namespace {

// The counter is a hint: programs of an earlier version do not keep it. What ends a matrix is that
// nothing of it is open, and nothing can come.
Status EndMatrixIfOver(Transaction& tx, const std::string& matrix_id) {
  return tx
      .Query(R"(
    UPDATE matrix m SET blocks_open = rest.open,
      state = CASE WHEN state <> 'running' OR rest.open > 0 OR rest.awaits THEN state
                   WHEN EXISTS (SELECT 1 FROM block b WHERE b.matrix_id = $1 AND b.state = 'failed') THEN 'failed'
                   ELSE 'completed' END,
      end_time = CASE WHEN state = 'running' AND rest.open = 0 AND NOT rest.awaits THEN clock_timestamp() ELSE end_time END
    FROM (SELECT (SELECT count(*) FROM block b
                  WHERE b.matrix_id = $1 AND b.state IN ('pending', 'ready', 'leased'))
               + coalesce((SELECT blocks_total - blocks_made FROM expansion
                           WHERE matrix_id = $1 AND state = 'running'), 0) AS open,
                 EXISTS (SELECT 1 FROM joining WHERE matrix_id = $1 AND is_open)
                 OR EXISTS (SELECT 1 FROM search WHERE matrix_id = $1 AND is_open) AS awaits) AS rest
    WHERE m.matrix_id = $1)",
             {matrix_id})
      .status();
}

}  // namespace

Status EndBlocks(Transaction& tx, const std::map<std::string, int64_t>& ended_by_matrix) {
  std::vector<std::string> matrices;
  std::vector<int64_t> counts;
  for (const auto& [matrix_id, count] : ended_by_matrix) {
    matrices.push_back(matrix_id);
    counts.push_back(count);
  }
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    UPDATE matrix m SET version = version + 1, blocks_open = blocks_open - given.ended
    FROM unnest($1::text[], $2::bigint[]) AS given (matrix_id, ended) WHERE m.matrix_id = given.matrix_id
    RETURNING m.matrix_id, m.blocks_open)",
                               {Parameter::Array(matrices), Parameter::Array(counts)}));
  for (const auto& row : rows) {
    if (row[1].as<int64_t>() > 0) continue;
    QF_RETURN_IF_ERROR(EndMatrixIfOver(tx, row[0].as<std::string>()));
  }
  return OkStatus();
}

Status EndForgottenMatrices(Connection& db) {
  return db.Run([](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT matrix_id FROM matrix m WHERE state = 'running' AND NOT EXISTS (
        SELECT 1 FROM block b WHERE b.matrix_id = m.matrix_id AND b.state NOT IN ('done', 'failed', 'cancelled'))
        AND NOT EXISTS (SELECT 1 FROM joining j WHERE j.matrix_id = m.matrix_id AND j.is_open)
        AND NOT EXISTS (SELECT 1 FROM search s WHERE s.matrix_id = m.matrix_id AND s.is_open)
      ORDER BY matrix_id LIMIT 100 FOR NO KEY UPDATE SKIP LOCKED)"));
    for (const auto& row : rows) {
      QF_RETURN_IF_ERROR(EndMatrixIfOver(tx, row[0].as<std::string>()));
    }
    return OkStatus();
  });
}

std::vector<int64_t> IdsOf(const pqxx::result& rows) {
  std::vector<int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& row : rows) ids.push_back(row[0].as<int64_t>());
  return ids;
}

}  // namespace quantfleet::postgres
