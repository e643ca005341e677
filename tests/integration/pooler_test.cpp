// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Behind pgbouncer in transaction mode: each transaction may run on another connection of the
// server, which knows nothing of what the one before prepared.
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/migrator.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/postgres.hpp"

namespace quantfleet::postgres {
namespace {

using testing::HelloOf;
using testing::PostgresServer;
using testing::ResultOf;
using testing::Scalar;

// A pgbouncer with two connections to the private server for all its clients.
class Pooler {
 public:
  Pooler() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "quantfleet-pool.XXXXXX").string();
    QF_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
    const std::string server = PostgresServer::Get().Conninfo();
    const std::string host = server.substr(5, server.find(' ') - 5);
    std::ofstream(directory_ + "/pgbouncer.ini")
        << "[databases]\n* = host=" << host << " user=quantfleet\n[pgbouncer]\n"
        << "listen_addr =\nunix_socket_dir = " << directory_ << "\nlisten_port = 6432\n"
        << "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n"
        << "ignore_startup_parameters = extra_float_digits,options\n"
        << "logfile = " << directory_ << "/log\n";
    std::filesystem::permissions(directory_, std::filesystem::perms::all);
    Start();
  }
  ~Pooler() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  std::string Conninfo(const std::string& database) const {
    return "host=" + directory_ + " port=6432 user=quantfleet dbname=" + database;
  }

 private:
  void Start() {
    pid_ = fork();
    QF_CHECK(pid_ >= 0);
    if (pid_ == 0) {
      const int null = open("/dev/null", O_WRONLY);
      dup2(null, 1);
      dup2(null, 2);
      const std::string config = directory_ + "/pgbouncer.ini";
      // It refuses to serve as root.
      if (getuid() == 0) {
        execlp("/usr/sbin/pgbouncer", "pgbouncer", "-u", "postgres", config.c_str(), nullptr);
      } else {
        execlp("/usr/sbin/pgbouncer", "pgbouncer", config.c_str(), nullptr);
      }
      _exit(127);
    }
    // It says nothing when it serves, but that its socket is there.
    const std::string socket = directory_ + "/.s.PGSQL.6432";
    for (int i = 0; i < 200 && !std::filesystem::exists(socket); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    QF_CHECK(std::filesystem::exists(socket));
  }

  std::string directory_;
  pid_t pid_ = -1;
};

// Takes blocks and reports them until there are none.
int RunAgent(Connection& db, const std::string& name) {
  const std::string session = testing::Open(db, HelloOf(name, "host-" + name));
  for (int done = 0;; ++done) {
    const auto synced = testing::SyncIdle(db, session);
    EXPECT_TRUE(synced.ok()) << synced.status().ToString();
    if (!synced.ok() || !synced->has_start()) return done;
    const v1::Grant& grant = synced->start();
    const auto verdict = StoreResult(db, session, ResultOf(grant.block(), grant.epoch()));
    EXPECT_TRUE(verdict.ok()) << verdict.status().ToString();
    if (!verdict.ok()) return done;
    EXPECT_EQ(verdict->disposition(), v1::DISPOSITION_ACCEPTED);
  }
}

TEST(Pooler, APoolerThatForgetsPreparedStatementsIsServedWithout) {
  {
    Connection direct(PostgresServer::Get().Conninfo());
    ASSERT_TRUE(direct.Ask("CREATE DATABASE pooled").ok());
  }
  const Pooler pooler;
  const std::string conninfo = pooler.Conninfo("pooled");
  Connection db(conninfo);
  const Status migrated = Migrate(db, Migrations());
  ASSERT_TRUE(migrated.ok()) << migrated.ToString();
  constexpr int kBlocks = 60;
  ASSERT_TRUE(SubmitMatrix(db, testing::SubmissionOf("request", kBlocks)).ok());

  std::array<int, 6> done{};
  std::vector<std::thread> agents;
  for (size_t i = 0; i < done.size(); ++i) {
    agents.emplace_back([&, i] {
      Connection own(conninfo);
      done[i] = RunAgent(own, "agent-" + std::to_string(i));
    });
  }
  for (std::thread& agent : agents) agent.join();
  int total = 0;
  for (const int count : done) total += count;
  EXPECT_EQ(total, kBlocks);
  EXPECT_EQ(Scalar(db, "SELECT state FROM matrix"), "completed");
  EXPECT_EQ(testing::Contradictions(db), "");
}

}  // namespace
}  // namespace quantfleet::postgres
