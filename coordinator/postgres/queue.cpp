// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {

Status QueueBlocks(Transaction& tx, const std::vector<int64_t>& block_ids) {
  if (block_ids.empty()) return OkStatus();
  return tx
      .Query(R"(
    INSERT INTO ready (block_id, class_id, band, sort_key)
    SELECT b.block_id, b.class_id, 9 - m.priority,
           extract(epoch FROM m.create_time)::bigint * 1000000 + b.ordinal
    FROM block b JOIN matrix m USING (matrix_id) WHERE b.block_id = ANY($1::bigint[]))",
             {Parameter::Array(block_ids)})
      .status();
}

std::vector<int64_t> IdsOf(const pqxx::result& rows) {
  std::vector<int64_t> ids;
  ids.reserve(rows.size());
  for (const auto& row : rows) ids.push_back(row[0].as<int64_t>());
  return ids;
}

}  // namespace quantfleet::postgres
