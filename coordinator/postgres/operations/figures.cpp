// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/operations/figures.hpp"

#include <pqxx/pqxx>

namespace quantfleet::postgres {
namespace {

// The classes by a walk from one to the next through ready_line: a plain DISTINCT reads every row.
constexpr const char* kReadyByClass = R"(
  WITH RECURSIVE class AS (
    (SELECT class_id FROM ready ORDER BY class_id LIMIT 1)
    UNION ALL
    SELECT (SELECT r.class_id FROM ready r WHERE r.class_id > class.class_id ORDER BY r.class_id LIMIT 1)
    FROM class WHERE class.class_id IS NOT NULL
  )
  SELECT class_id, (SELECT count(*) FROM (SELECT 1 FROM ready r WHERE r.class_id = class.class_id LIMIT $1) counted)
  FROM class WHERE class_id IS NOT NULL LIMIT $2)";

}  // namespace

Status Answers(Connection& db) {
  return db.Run([](Transaction& tx) -> Status {
    return tx.Query("SELECT set_config('statement_timeout', '2s', true)").status();
  });
}

Result<Figures> ReadFigures(Connection& db) {
  Figures figures;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    figures = {};
    QF_RETURN_IF_ERROR(tx.Query("SELECT set_config('statement_timeout', '1s', true)").status());
    QF_ASSIGN_OR_RETURN(const auto totals, tx.Query(R"(
      SELECT (SELECT count(*) FROM session WHERE state = 'open'), (SELECT count(*) FROM lease))"));
    figures.open_sessions = totals[0][0].as<uint64_t>();
    figures.leased_blocks = totals[0][1].as<uint64_t>();
    QF_ASSIGN_OR_RETURN(const auto classes,
                        tx.Query(kReadyByClass, {kMostReadyCounted, kMostClasses}));
    for (const auto& row : classes) {
      figures.ready_by_class[row[0].as<int64_t>()] = row[1].as<uint64_t>();
    }
    return OkStatus();
  }));
  return figures;
}

}  // namespace quantfleet::postgres
