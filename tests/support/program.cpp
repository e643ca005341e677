// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/program.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/status.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::testing {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Program::Program(std::vector<std::string> arguments, const fs::path& directory,
                 const std::vector<std::string>& environment) {
  log_ = directory / "log";
  fs::remove(log_);
  arguments.insert(arguments.begin(), QUANTFLEET_BINARY_DIR "/bin/quantfleet-coordinator");
  std::vector<std::string> variables = environment;
  for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, log_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 2, 1);
  std::vector<char*> argv = Pointers(arguments), envp = Pointers(variables);
  QF_CHECK(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
}

void Program::Signal(int number) {
  kill(pid_, number);
}

void Program::Kill() {
  if (pid_ <= 0) return;
  Signal(SIGKILL);
  Wait();
}

int Program::Wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Program::Ended() const {
  siginfo_t info{};
  waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == pid_;
}

std::string Program::Log() const {
  return ReadFile(log_);
}

ProgramTest::ProgramTest() {
  std::string pattern = (fs::temp_directory_path() / "quantfleet-program.XXXXXX").string();
  QF_CHECK(mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
}

ProgramTest::~ProgramTest() {
  fs::remove_all(directory_);
}

std::unique_ptr<Program> ProgramTest::Start(const std::vector<std::string>& more,
                                            const std::vector<std::string>& environment) {
  std::vector<std::string> arguments = {"--database=" + conninfo_, "--listen=127.0.0.1:0",
                                        "--port-file=" + PortFile()};
  const bool has_page = std::any_of(more.begin(), more.end(), [](const std::string& word) {
    return word.starts_with("--http=");
  });
  if (!has_page) arguments.emplace_back("--http=none");
  arguments.insert(arguments.end(), more.begin(), more.end());
  fs::remove(PortFile());
  return std::make_unique<Program>(arguments, directory_, environment);
}

std::shared_ptr<grpc::Channel> ProgramTest::Connect(const Program& program) {
  while (!fs::exists(PortFile()) && !program.Ended()) std::this_thread::yield();
  EXPECT_FALSE(program.Ended()) << program.Log();
  return grpc::CreateChannel("127.0.0.1:" + std::to_string(PortIn(PortFile())),
                             grpc::InsecureChannelCredentials());
}

int ProgramTest::PortIn(const std::string& path) {
  return std::atoi(ReadFile(path).c_str());
}

std::pair<int, std::string> ProgramTest::RunToEnd(const std::vector<std::string>& arguments) {
  Program program(arguments, directory_);
  const int code = program.Wait();
  return {code, program.Log()};
}

std::string ProgramTest::Write(const std::string& name, const std::string& text) {
  std::ofstream(directory_ / name) << text;
  return directory_ / name;
}

v1::HelloResponse ProgramTest::Hello(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  v1::HelloResponse response;
  const auto status = v1::AgentService::NewStub(channel)->Hello(&context, HelloOf("a"), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::SyncResponse ProgramTest::Sync(const std::shared_ptr<grpc::Channel>& channel,
                                   const std::string& session, double wait_seconds) {
  grpc::ClientContext context;
  v1::SyncRequest request;
  request.set_session_id(session);
  request.set_max_wait_seconds(wait_seconds);
  v1::SyncResponse response;
  const auto status = v1::AgentService::NewStub(channel)->Sync(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

}  // namespace quantfleet::testing
