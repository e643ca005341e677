// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/operations/restore.hpp"

#include <string>

#include <pqxx/pqxx>

#include "coordinator/postgres/access/audit.hpp"

namespace quantfleet::postgres {
namespace {

constexpr const char* kIdentity =
    "(SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = "
    "current_database()) FROM pg_control_system())";

// The grants of the backup's time end, and their sessions get them anew under the higher epoch: a
// session that is still there runs its block again, of one that is gone the lease runs out.
Status GrantAgain(Transaction& tx, Restored* restored) {
  QF_RETURN_IF_ERROR(tx.Query(R"(
    UPDATE attempt SET end_time = clock_timestamp(), outcome = 'released', reason = 'the database was restored'
    WHERE end_time IS NULL)")
                         .status());
  QF_ASSIGN_OR_RETURN(const auto leases,
                      tx.Query("UPDATE lease SET epoch = epoch + $1", {kEpochStep}));
  restored->leases = leases.affected_rows();
  return tx
      .Query(
          "INSERT INTO attempt (block_id, epoch, session_id) SELECT block_id, epoch, session_id "
          "FROM lease")
      .status();
}

}  // namespace

Status CheckIncarnation(Connection& db) {
  return db.Run([](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(tx.Query(std::string("INSERT INTO incarnation (identity) VALUES (") +
                                kIdentity + ") ON CONFLICT (one) DO NOTHING")
                           .status());
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(std::string("SELECT identity = ") + kIdentity +
                                                  " FROM incarnation"));
    if (rows[0][0].as<bool>()) return OkStatus();
    return FailedPrecondition(
        "this database is a copy of another one; if that is gone for good, run "
        "'quantfleet-coordinator restored' once, then start again (docs/operations.md)");
  });
}

Result<Restored> MarkRestored(Connection& db, const access::Actor& actor) {
  Restored restored;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    restored = {};
    QF_RETURN_IF_ERROR(tx.Query("SELECT set_config('statement_timeout', '0', true)").status());
    QF_RETURN_IF_ERROR(
        tx.Query("LOCK TABLE matrix, block, lease, attempt IN EXCLUSIVE MODE").status());
    QF_RETURN_IF_ERROR(tx.Query("UPDATE matrix SET version = version + $1", {kEpochStep}).status());
    QF_ASSIGN_OR_RETURN(const auto blocks,
                        tx.Query("UPDATE block SET epoch = epoch + $1", {kEpochStep}));
    restored.blocks = blocks.affected_rows();
    QF_RETURN_IF_ERROR(GrantAgain(tx, &restored));
    QF_RETURN_IF_ERROR(tx.Query(R"(
      SELECT setval(pg_get_serial_sequence('block', 'block_id'),
                    nextval(pg_get_serial_sequence('block', 'block_id')) + $1))",
                                {kBlockStep})
                           .status());
    QF_RETURN_IF_ERROR(tx.Query(std::string("INSERT INTO incarnation (identity) VALUES (") +
                                kIdentity +
                                ") ON CONFLICT (one) DO UPDATE SET identity = excluded.identity")
                           .status());
    return WriteAudit(tx, actor, "MarkRestored", "database",
                      std::to_string(restored.blocks) + " blocks");
  }));
  return restored;
}

}  // namespace quantfleet::postgres
