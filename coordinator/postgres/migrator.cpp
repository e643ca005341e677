// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/migrator.hpp"

#include "base/digest.hpp"

namespace quantfleet::postgres {
namespace {

Status Prepare(Transaction& tx) {
  // Another replica's migration may take long; so may ours.
  QF_RETURN_IF_ERROR(tx.Query("SELECT set_config('statement_timeout', '0', true), "
                              "set_config('lock_timeout', '10min', true)")
                         .status());
  QF_RETURN_IF_ERROR(tx.Query("SELECT pg_advisory_xact_lock(7241, 0)").status());
  return tx
      .Query(R"(
    CREATE TABLE IF NOT EXISTS schema_migration (
      number     integer PRIMARY KEY,
      name       text NOT NULL,
      sha256     text NOT NULL,
      apply_time timestamptz NOT NULL DEFAULT clock_timestamp()))")
      .status();
}

Status CheckApplied(Transaction& tx, std::span<const Migration> migrations) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query("SELECT number, sha256 FROM schema_migration ORDER BY number"));
  for (const auto& row : rows) {
    const auto number = row[0].as<size_t>();
    if (number > migrations.size()) {
      return FailedPrecondition("the database has migration " + std::to_string(number) +
                                ", this program knows " + std::to_string(migrations.size()) +
                                ": it is too old for it");
    }
    if (row[1].as<std::string>() != Sha256Hex(migrations[number - 1].sql)) {
      return FailedPrecondition("migration " + std::to_string(number) +
                                " was applied with another content");
    }
  }
  return OkStatus();
}

// True within the body of a function, which $$ quotes.
bool IsQuoting(std::string_view statement) {
  bool quoting = false;
  for (size_t at = 0; (at = statement.find("$$", at)) != std::string_view::npos; at += 2) {
    quoting = !quoting;
  }
  return quoting;
}

// Statement by statement: a parameterised query carries exactly one. Our migrations hold no
// semicolon inside a statement but between $$.
Status RunScript(Transaction& tx, std::string_view sql) {
  std::string statement;
  for (size_t begin = 0; begin < sql.size();) {
    const size_t end = sql.find('\n', begin);
    std::string_view line = sql.substr(begin, end == std::string_view::npos ? end : end - begin);
    begin = end == std::string_view::npos ? sql.size() : end + 1;
    line = line.substr(0, line.find("--"));
    statement += std::string(line) + "\n";
    if (statement.find(';') == std::string::npos || IsQuoting(statement)) continue;
    QF_RETURN_IF_ERROR(tx.Query(statement.substr(0, statement.rfind(';'))).status());
    statement.clear();
  }
  return OkStatus();
}

Status Apply(Transaction& tx, const Migration& migration) {
  QF_ASSIGN_OR_RETURN(const auto known, tx.Query("SELECT 1 FROM schema_migration WHERE number = $1",
                                                 {migration.number}));
  if (!known.empty()) return OkStatus();
  QF_RETURN_IF_ERROR(RunScript(tx, migration.sql));
  return tx
      .Query("INSERT INTO schema_migration (number, name, sha256) VALUES ($1, $2, $3)",
             {migration.number, migration.name, Sha256Hex(migration.sql)})
      .status();
}

}  // namespace

Status Migrate(Connection& db, std::span<const Migration> migrations) {
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(Prepare(tx));
    return CheckApplied(tx, migrations);
  }));
  for (const Migration& migration : migrations) {
    const Status status = db.Run([&](Transaction& tx) -> Status {
      QF_RETURN_IF_ERROR(Prepare(tx));
      return Apply(tx, migration);
    });
    if (!status.ok()) return status.WithContext("migration " + std::string(migration.name));
  }
  return OkStatus();
}

Result<int> SchemaVersion(Connection& db) {
  int version = 0;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    version = 0;
    QF_ASSIGN_OR_RETURN(const auto table, tx.Query("SELECT to_regclass('schema_migration')"));
    if (table[0][0].is_null()) return OkStatus();
    QF_ASSIGN_OR_RETURN(const auto rows,
                        tx.Query("SELECT coalesce(max(number), 0) FROM schema_migration"));
    version = rows[0][0].as<int>();
    return OkStatus();
  }));
  return version;
}

}  // namespace quantfleet::postgres
