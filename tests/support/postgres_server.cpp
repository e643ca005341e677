// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/postgres_server.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace quantfleet::testing {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const std::string& what) {
  throw std::runtime_error("private PostgreSQL: " + what);
}

std::string FindPrograms() {
  if (const char* told = std::getenv("QUANTFLEET_POSTGRES_BIN")) return told;
  std::string newest;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none)) {
    const std::string folder = entry.path() / "bin";
    if (fs::exists(folder + "/initdb")) newest = std::max(newest, folder);
  }
  if (newest.empty()) Fail("no initdb below /usr/lib/postgresql; set QUANTFLEET_POSTGRES_BIN");
  return newest;
}

// `command`, run as the system's PostgreSQL user when we are root.
std::vector<std::string> AsServerUser(std::vector<std::string> command) {
  std::vector<std::string> whole = {"setpriv", "--pdeathsig", "INT"};
  if (geteuid() == 0) {
    for (const char* word : {"--reuid=postgres", "--regid=postgres", "--clear-groups"}) {
      whole.emplace_back(word);
    }
  }
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

pid_t Spawn(const std::vector<std::string>& command, const std::string& log, int output = -1) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&actions, output < 0 ? STDERR_FILENO : output, STDOUT_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) Fail("cannot start " + command[0]);
  return pid;
}

int Wait(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

PostgresServer& PostgresServer::Shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : programs_(FindPrograms()) {
  std::string pattern = (fs::temp_directory_path() / "quantfleet-pg.XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) Fail("cannot make " + pattern);
  directory_ = pattern;
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr) Fail("there is no user postgres to run it as");
    if (chown(directory_.c_str(), user->pw_uid, user->pw_gid) != 0) Fail("chown failed");
  }
  // Skips the sync of the new files only; the server itself syncs.
  const auto command =
      AsServerUser({programs_ + "/initdb", "--no-sync", "--no-locale", "--encoding=UTF8",
                    "--auth=trust", "--username=postgres", "--pgdata=" + directory_ + "/data"});
  if (Wait(Spawn(command, directory_ + "/log")) != 0) Fail("initdb failed");
  Start();
}

PostgresServer::~PostgresServer() {
  if (server_ > 0) {
    kill(server_, SIGINT);  // fast: ends sessions, then stops
    Wait(server_);
  }
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

void PostgresServer::Start() {
  server_ =
      Spawn(AsServerUser({programs_ + "/postgres", "-D", directory_ + "/data", "-k", directory_,
                          "-h", "", "-c", "max_connections=100", "-c", "shared_buffers=32MB"}),
            directory_ + "/log");
  for (int tries = 0; tries < 1200; ++tries) {
    const pid_t asked = Spawn({programs_ + "/pg_isready", "-q", "-h", directory_, "-U", "postgres"},
                              directory_ + "/log");
    if (Wait(asked) == 0) return;
    if (waitpid(server_, nullptr, WNOHANG) == server_) Fail("the server ended at its start");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  Fail("the server takes no connections");
}

void PostgresServer::Crash() {
  kill(server_, SIGQUIT);
  Wait(server_);
  server_ = -1;
}

std::string PostgresServer::CreateDatabase() {
  const std::string name = "test_" + std::to_string(++databases_);
  const std::string base = "host=" + directory_ + " user=postgres dbname=";
  Run("psql", base + "postgres", {"-c", "CREATE DATABASE " + name});
  return base + name;
}

std::string PostgresServer::Run(const std::string& program, const std::string& conninfo,
                                const std::vector<std::string>& arguments) {
  std::array<int, 2> pipe_ends{};
  if (pipe2(pipe_ends.data(), O_CLOEXEC) != 0) Fail("no pipe");
  std::vector<std::string> command = {programs_ + "/" + program, "--dbname=" + conninfo};
  if (program == "psql") {
    for (const char* word : {"-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"}) {
      command.emplace_back(word);
    }
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  const pid_t pid = Spawn(command, directory_ + "/log", pipe_ends[1]);
  close(pipe_ends[1]);
  std::string output;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
    output.append(buffer.data(), static_cast<size_t>(got));
  }
  close(pipe_ends[0]);
  if (Wait(pid) != 0) Fail(program + " failed; see its arguments: " + arguments.back());
  return output;
}

}  // namespace quantfleet::testing
