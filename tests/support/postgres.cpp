// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <grp.h>
#include <pqxx/pqxx>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.hpp"

namespace quantfleet::testing {
namespace {

std::string ProgramDirectory() {
  std::string best;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
    best = std::max(best, entry.path().string());
  }
  return best + "/bin/";
}

const passwd* ServerUser() {
  if (getuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  return user != nullptr ? user : getpwnam("nobody");
}

}  // namespace

PostgresServer& PostgresServer::Get() {
  static PostgresServer server;
  return server;
}

int PostgresServer::RunAsServerUser(const std::vector<std::string>& words) const {
  const pid_t pid = fork();
  QF_CHECK(pid >= 0);
  if (pid == 0) {
    if (const passwd* user = ServerUser()) {
      QF_CHECK(setgroups(0, nullptr) == 0 && setgid(user->pw_gid) == 0 &&
               setuid(user->pw_uid) == 0);
    }
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    QF_CHECK(std::freopen("/dev/null", "w", stdout) != nullptr);
    QF_CHECK(chdir(directory_.c_str()) == 0);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

PostgresServer::PostgresServer() {
  std::string pattern = (std::filesystem::temp_directory_path() / "quantfleet-pg.XXXXXX").string();
  QF_CHECK(mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
  if (const passwd* user = ServerUser()) {
    QF_CHECK(chown(directory_.c_str(), user->pw_uid, user->pw_gid) == 0);
  }
  QF_CHECK(RunAsServerUser({ProgramDirectory() + "initdb", "-D", directory_ + "/data", "-U",
                            "quantfleet", "-A", "trust", "--no-sync", "--no-locale", "-E",
                            "UTF8"}) == 0);
  Start();
}

PostgresServer::~PostgresServer() {
  RunAsServerUser(
      {ProgramDirectory() + "pg_ctl", "stop", "-D", directory_ + "/data", "-m", "immediate", "-w"});
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void PostgresServer::Start() {
  // syncfs: recovery would otherwise sync each of a thousand files, seconds on a busy disk.
  const std::string options = "-k " + directory_ +
                              " -c listen_addresses='' -c max_connections=200"
                              " -c recovery_init_sync_method=syncfs";
  QF_CHECK(RunAsServerUser({ProgramDirectory() + "pg_ctl", "start", "-D", directory_ + "/data",
                            "-w", "-l", directory_ + "/log", "-o", options}) == 0);
}

void PostgresServer::Crash() {
  RunAsServerUser(
      {ProgramDirectory() + "pg_ctl", "stop", "-D", directory_ + "/data", "-m", "immediate", "-w"});
}

void PostgresServer::Restart() {
  Start();
}

std::string PostgresServer::Conninfo() const {
  return "host=" + directory_ + " user=quantfleet dbname=postgres";
}

std::string PostgresServer::NewSchema() {
  const std::string name = "test_" + std::to_string(++schemas_);
  pqxx::connection connection(Conninfo());
  pqxx::work work(connection);
  work.exec("CREATE SCHEMA " + name);
  work.commit();
  return Conninfo() + " options='-c search_path=" + name +
         " -c statement_timeout=20s -c lock_timeout=10s'";
}

}  // namespace quantfleet::testing
