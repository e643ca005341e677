// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/results/partitions.hpp"

namespace quantfleet::postgres {

Status MakePartitionsAhead(Connection& db) {
  return db.Run([](Transaction& tx) -> Status {
    return tx
        .Query(R"(
      SELECT cover_blocks(last, last + $1) FROM (
        SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('block', 'block_id')::regclass), 1) AS last)
      AS ids)",
               {2 * kBlocksAPartition})
        .status();
  });
}

Result<bool> DropEmptyPartitions(Connection& db) {
  bool dropped = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query("SELECT drop_empty_partitions()"));
    dropped = rows[0][0].as<bool>();
    return OkStatus();
  }));
  return dropped;
}

}  // namespace quantfleet::postgres
