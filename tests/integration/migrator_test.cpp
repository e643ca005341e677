// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/migrator.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/blocks.hpp"
#include "tests/support/postgres.hpp"

namespace quantfleet::postgres {
namespace {

using testing::PostgresServer;
using testing::Scalar;

// Every table, column, constraint, index and trigger of the connection's schema, one a line,
// sorted.
std::string Catalogue(Connection& db) {
  return Scalar(db, R"(
    SELECT string_agg(line, E'\n' ORDER BY line) || E'\n' FROM (
      SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type
             || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END
             || coalesce(' default ' || column_default, '') AS line
        FROM information_schema.columns WHERE table_schema = current_schema()
      UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
      UNION ALL SELECT 'index ' || replace(indexdef, schemaname || '.', '')
        FROM pg_indexes WHERE schemaname = current_schema()
      UNION ALL SELECT 'partition ' || i.inhparent::regclass || ' ' || c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid)
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
      UNION ALL SELECT 'trigger ' || replace(pg_get_triggerdef(t.oid), current_schema() || '.', '')
        FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND NOT tgisinternal) AS lines)");
}

TEST(Migrator, EveryEarlierVersionReachesTheSnapshot) {
  const std::string path = QUANTFLEET_SOURCE_DIR "/schemas/postgres/snapshot.txt";
  for (size_t from = 0; from <= Migrations().size(); ++from) {
    Connection db(PostgresServer::Get().NewSchema());
    ASSERT_TRUE(Migrate(db, Migrations().subspan(0, from)).ok());
    ASSERT_TRUE(Migrate(db, Migrations()).ok());
    ASSERT_TRUE(Migrate(db, Migrations()).ok()) << "re-runnable";
    EXPECT_EQ(*SchemaVersion(db), static_cast<int>(Migrations().size()));
    const std::string found = Catalogue(db);
    if (std::getenv("UPDATE_EXPECTED") != nullptr) std::ofstream(path) << found;
    std::ifstream file(path);
    std::ostringstream expected;
    expected << file.rdbuf();
    EXPECT_EQ(found, expected.str()) << "run with UPDATE_EXPECTED=1 after adding a migration";
  }
}

TEST(Migrator, AStepThatFailsLeavesNothingOfItself) {
  Connection db(PostgresServer::Get().NewSchema());
  const std::vector<Migration> broken = {
      {1, "0001_good.sql", "CREATE TABLE good (id integer);"},
      {2, "0002_bad.sql", "CREATE TABLE half (id integer);\nCREATE TABLE good (id integer);"}};
  EXPECT_FALSE(Migrate(db, broken).ok());
  EXPECT_EQ(*SchemaVersion(db), 1);
  EXPECT_EQ(Scalar(db, "SELECT coalesce(to_regclass('half')::text, 'none')"), "none");
  const std::vector<Migration> mended = {broken[0],
                                         {2, "0002_bad.sql", "CREATE TABLE half (id integer);"}};
  EXPECT_TRUE(Migrate(db, mended).ok());
}

TEST(Migrator, ReplicasThatStartTogetherApplyEachStepOnce) {
  const std::string conninfo = PostgresServer::Get().NewSchema();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Connection db(conninfo);
      EXPECT_TRUE(Migrate(db, Migrations()).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  Connection db(conninfo);
  EXPECT_EQ(Scalar(db, "SELECT count(*) FROM schema_migration"),
            std::to_string(Migrations().size()));
}

TEST(Migrator, ANewerDatabaseAndAChangedStepAreRefused) {
  Connection db(testing::NewDatabase());
  EXPECT_EQ(Migrate(db, Migrations().subspan(0, Migrations().size() - 1)).code(),
            StatusCode::kFailedPrecondition);
  std::vector<Migration> changed(Migrations().begin(), Migrations().end());
  changed[0].sql = "SELECT 1;";
  EXPECT_EQ(Migrate(db, changed).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace quantfleet::postgres
