// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {

Status QueueBlocks(Transaction& tx, const std::vector<int64_t>& block_ids, double delay_seconds,
                   const std::string& avoid_session) {
  if (block_ids.empty()) return OkStatus();
  return tx
      .Query(R"(
    INSERT INTO ready (block_id, class_id, band, sort_key, not_before, avoid_session)
    SELECT b.block_id, b.class_id, 9 - m.priority,
           (extract(epoch FROM m.create_time) * 1000000)::bigint,
           CASE WHEN $2::float8 > 0 THEN clock_timestamp() + make_interval(secs => $2) ELSE '-infinity' END, $3
    FROM block b JOIN matrix m USING (matrix_id) WHERE b.block_id = ANY($1::bigint[]))",
             {Parameter::Array(block_ids), delay_seconds, avoid_session})
      .status();
}

Status EndMatrixIfOver(Transaction& tx, const std::string& matrix_id) {
  return tx
      .Query(R"(
    UPDATE matrix m SET version = version + 1,
      state = CASE WHEN state <> 'running' OR rest.open THEN state
                   WHEN EXISTS (SELECT 1 FROM block b WHERE b.matrix_id = $1 AND b.state = 'failed') THEN 'failed'
                   ELSE 'completed' END,
      end_time = CASE WHEN state = 'running' AND NOT rest.open THEN clock_timestamp() ELSE end_time END
    FROM (SELECT EXISTS (SELECT 1 FROM block b
                         WHERE b.matrix_id = $1 AND b.state IN ('ready', 'leased')) AS open) AS rest
    WHERE m.matrix_id = $1)",
             {matrix_id})
      .status();
}

std::vector<int64_t> IdsOf(const pqxx::result& rows) {
  std::vector<int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& row : rows) ids.push_back(row[0].as<int64_t>());
  return ids;
}

}  // namespace quantfleet::postgres
