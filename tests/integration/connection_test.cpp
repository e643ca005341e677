// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The traps of libpqxx 6.4.5 that coordinator/postgres/connection.hpp closes, each shown closed.
#include "coordinator/postgres/connection.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "coordinator/postgres/pool.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/postgres.hpp"

namespace quantfleet::postgres {
namespace {

using testing::PostgresServer;
using testing::Scalar;

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(db_.Run([](Transaction& tx) {
                     return tx
                         .Query("CREATE TABLE t (id integer PRIMARY KEY, text text, bytes bytea)")
                         .status();
                   })
                    .ok());
  }
  std::string Count() { return Scalar(db_, "SELECT count(*) FROM t"); }

  const std::string conninfo_ = PostgresServer::Get().NewSchema();
  Connection db_{conninfo_};
};

TEST_F(ConnectionTest, AStatementAfterAFailedOneDoesNotRun) {
  const Status status = db_.Run([](Transaction& tx) -> Status {
    EXPECT_TRUE(tx.Query("INSERT INTO t VALUES (1)").ok());
    EXPECT_FALSE(tx.Query("INSERT INTO no_such_table VALUES (1)").ok());
    EXPECT_FALSE(tx.Query("INSERT INTO t VALUES (2)").ok());
    return OkStatus();  // swallowed
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(Count(), "0");
}

TEST_F(ConnectionTest, ASwallowedFailureDoesNotCommit) {
  const Status status = db_.Run([](Transaction& tx) -> Status {
    (void)tx.Query("INSERT INTO t VALUES (1)");
    (void)tx.Query("SELECT 1 / 0");
    return OkStatus();
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(Count(), "0");
}

TEST_F(ConnectionTest, AReturnedErrorRollsBack) {
  const Status status = db_.Run([](Transaction& tx) -> Status {
    EXPECT_TRUE(tx.Query("INSERT INTO t VALUES (1)").ok());
    return NotFound("on purpose");
  });
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(Count(), "0");
}

TEST_F(ConnectionTest, ANulIsRefusedNotCut) {
  const Status status = db_.Run([](Transaction& tx) {
    return tx.Query("INSERT INTO t VALUES (1, $1)", {std::string("ab\0cd", 5)}).status();
  });
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
}

TEST_F(ConnectionTest, BytesTextArraysAndNullsSurvive) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  const std::string text = "quote \" slash \\ brace { } comma , 'é'";
  EXPECT_TRUE(db_.Run([&](Transaction& tx) -> Status {
                   QF_RETURN_IF_ERROR(tx.Query("INSERT INTO t VALUES ($1, $2, $3)",
                                               {1, text, Parameter::Bytes(bytes)})
                                          .status());
                   QF_RETURN_IF_ERROR(
                       tx.Query("INSERT INTO t VALUES ($1, $2, NULL)", {2, std::nullopt}).status());
                   return tx
                       .Query(
                           "INSERT INTO t SELECT id, text FROM unnest($1::bigint[], $2::text[]) AS "
                           "u (id, text)",
                           {Parameter::Array(std::vector<int64_t>{3, 4}),
                            Parameter::Array(std::vector<std::string>{text, ""})})
                       .status();
                 })
                  .ok());
  EXPECT_TRUE(db_.Run([&](Transaction& tx) -> Status {
                   QF_ASSIGN_OR_RETURN(const auto rows,
                                       tx.Query("SELECT text, bytes FROM t ORDER BY id"));
                   EXPECT_EQ(rows[0][0].as<std::string>(), text);
                   EXPECT_EQ(FromBytea(rows[0][1]), bytes);
                   EXPECT_TRUE(rows[1][0].is_null());
                   EXPECT_EQ(rows[2][0].as<std::string>(), text);
                   EXPECT_EQ(rows[3][0].as<std::string>(), "");
                   return OkStatus();
                 })
                  .ok());
}

TEST_F(ConnectionTest, ALostBackendIsReplacedAndTheWholeRunAgain) {
  int runs = 0;
  Connection other(conninfo_);
  const Status status = db_.Run([&](Transaction& tx) -> Status {
    ++runs;
    QF_RETURN_IF_ERROR(tx.Query("INSERT INTO t VALUES (1)").status());
    if (runs == 1) {
      QF_ASSIGN_OR_RETURN(const auto pid, tx.Query("SELECT pg_backend_pid()"));
      Scalar(other, "SELECT pg_terminate_backend(" + pid[0][0].as<std::string>() + ")");
    }
    return tx.Query("INSERT INTO t VALUES (2)").status();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Count(), "2");
}

TEST_F(ConnectionTest, ADatabaseThatIsAwayIsUnavailable) {
  Connection nowhere("host=/no/such/directory dbname=x");
  EXPECT_EQ(nowhere.Run([](Transaction&) { return OkStatus(); }).code(), StatusCode::kUnavailable);
}

TEST_F(ConnectionTest, TheFirstStatementIsInTheTransactionAlready) {
  std::vector<std::string> transactions;
  const Status status = db_.Run([&](Transaction& tx) -> Status {
    for (int i = 0; i < 2; ++i) {
      QF_ASSIGN_OR_RETURN(const auto rows, tx.Query("SELECT pg_current_xact_id()::text"));
      transactions.push_back(rows[0][0].as<std::string>());
    }
    return OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(transactions[0], transactions[1]);
}

TEST_F(ConnectionTest, ACommitInDoubtRunsTheWholeAgain) {
  const auto make = [&](const char* sql) {
    ASSERT_TRUE(db_.Run([&](Transaction& tx) { return tx.Query(sql).status(); }).ok()) << sql;
  };
  make(R"(CREATE FUNCTION kill_me() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END')");
  make(R"(CREATE CONSTRAINT TRIGGER kill_at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW WHEN (NEW.text = 'kill') EXECUTE FUNCTION kill_me())");
  int runs = 0;
  const Status status = db_.Run([&](Transaction& tx) {
    return tx.Query("INSERT INTO t (id, text) VALUES (1, $1)", {++runs < 3 ? "kill" : "spare"})
        .status();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(Count(), "1");

  const Status never = db_.Run([](Transaction& tx) {
    return tx.Query("INSERT INTO t (id, text) VALUES (2, 'kill')").status();
  });
  EXPECT_EQ(never.code(), StatusCode::kUnavailable) << never.ToString();
  EXPECT_EQ(Count(), "1");
}

TEST_F(ConnectionTest, ASerializationFailureIsRunAgain) {
  int runs = 0;
  const Status status = db_.Run([&](Transaction& tx) -> Status {
    if (++runs == 1) {
      return tx.Query("DO 'BEGIN RAISE EXCEPTION USING ERRCODE = ''40001''; END'").status();
    }
    return tx.Query("INSERT INTO t (id) VALUES (1)").status();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(runs, 2);
}

TEST_F(ConnectionTest, AStatementThatHangsIsEndedAndNotTriedAgain) {
  Connection hasty(PostgresServer::Get().NewSchema());
  int runs = 0;
  const Status status = hasty.Run([&](Transaction& tx) -> Status {
    ++runs;
    QF_RETURN_IF_ERROR(tx.Query("SELECT set_config('statement_timeout', '50ms', true)").status());
    return tx.Query("SELECT pg_sleep(600)").status();
  });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();
  EXPECT_EQ(runs, 1);
}

TEST_F(ConnectionTest, AnErrorCarriesNoSql) {
  const Status status =
      db_.Run([](Transaction& tx) { return tx.Query("SELECT secret FROM t").status(); });
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_EQ(status.message().find("secret"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("42703"), std::string::npos) << status.message();
}

TEST_F(ConnectionTest, DiscardedConnectionsAreClosed) {
  const std::string count =
      "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
  const std::string before = Scalar(db_, count);
  for (int i = 0; i < 10; ++i) {
    Connection brief(conninfo_);
    EXPECT_FALSE(brief.Run([](Transaction& tx) { return tx.Query("SELECT 1/0").status(); }).ok());
    EXPECT_TRUE(brief.Run([](Transaction& tx) { return tx.Query("SELECT 1").status(); }).ok());
  }
  // The server sees a client's end a moment later.
  while (Scalar(db_, count) != before) std::this_thread::yield();
}

TEST_F(ConnectionTest, AReaderWithOneSnapshotSeesNoLaterWrite) {
  Connection writer(conninfo_);
  const Status status = db_.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_RETURN_IF_ERROR(tx.Query("SELECT count(*) FROM t").status());
    Scalar(writer, "INSERT INTO t (id) VALUES (1) RETURNING id");
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query("SELECT count(*) FROM t"));
    EXPECT_EQ(rows[0][0].as<int>(), 0);
    return OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(Count(), "1");
}

TEST_F(ConnectionTest, AStatementThatComesAgainIsPrepared) {
  const std::string mine = "SELECT count(*) FROM t WHERE id = $1";
  const auto prepared = [&] {
    const auto rows =
        db_.Ask("SELECT count(*) FROM pg_prepared_statements WHERE statement = $1", {mine});
    return rows.ok() ? (*rows)[0][0].as<int>() : -1;
  };
  ASSERT_TRUE(db_.Ask(mine, {1}).ok());
  EXPECT_EQ(prepared(), 0) << "most statements come once";
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(db_.Ask(mine, {1}).ok());
  EXPECT_EQ(prepared(), 1);
}

TEST_F(ConnectionTest, AMigrationBehindAPreparedStatementsBackGoesUnnoticed) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(db_.Ask("SELECT * FROM t").ok());
  Connection migrator(conninfo_);
  Scalar(migrator, "ALTER TABLE t ADD COLUMN more integer");
  const auto rows = db_.Ask("SELECT * FROM t");
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(rows->columns(), 4U);
}

TEST(WithTimeouts, KeepsWhatIsSetAndKnowsUris) {
  const std::string pairs = WithTimeouts("dbname=x connect_timeout=1");
  EXPECT_EQ(pairs.find("connect_timeout='5'"), std::string::npos);
  EXPECT_NE(pairs.find("options='-c statement_timeout=30s"), std::string::npos);
  for (const char* setting :
       {"plan_cache_mode=force_custom_plan", "jit=off", "max_parallel_workers_per_gather=0"}) {
    EXPECT_NE(pairs.find(setting), std::string::npos) << setting;
  }
  const std::string uri = WithTimeouts("postgresql://localhost/x?connect_timeout=1");
  EXPECT_NE(uri.find("&options=-c%20statement"), std::string::npos) << uri;
  EXPECT_EQ(uri.find(' '), std::string::npos);
}

TEST_F(ConnectionTest, APoolRunsEverythingItTook) {
  {
    Pool pool(conninfo_, 3, 100);
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(pool.Post([i](Connection& db) {
        EXPECT_TRUE(db.Run([i](Transaction& tx) {
                        return tx.Query("INSERT INTO t VALUES ($1)", {i}).status();
                      }).ok());
      }));
    }
  }
  EXPECT_EQ(Count(), "50");
}

}  // namespace
}  // namespace quantfleet::postgres
