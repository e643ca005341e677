// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/up/child.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace quantfleet::cli {
namespace {

constexpr Duration kLongestPause = std::chrono::seconds(5);
constexpr Duration kGrownUp = std::chrono::seconds(10);

// Between fork and exec: only what is async-signal-safe, since we have threads.
[[noreturn]] void Become(const ChildSpec& spec, const passwd* user, int log,
                         char* const* arguments) {
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(nothing, STDIN_FILENO);
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);  // NOLINT(concurrency-mt-unsafe): one thread after fork
  if (user != nullptr &&
      (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, spec.stop_signal);  // after setuid, which clears it
  execv(arguments[0], arguments);
  _exit(127);
}

Result<pid_t> Fork(const ChildSpec& spec) {
  const passwd* user = nullptr;
  if (!spec.user.empty()) {
    user =
        getpwnam(spec.user.c_str());  // NOLINT(concurrency-mt-unsafe): one thread starts children
    if (user == nullptr) return NotFound("there is no user " + spec.user);
  }
  const int log = open(spec.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log < 0) return Internal("cannot write " + spec.log_file);
  std::vector<char*> arguments;
  for (const std::string& word : spec.arguments)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) Become(spec, user, log, arguments.data());
  close(log);
  if (pid < 0) return Internal("cannot start " + spec.name);
  return pid;
}

std::string LastLines(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  std::string all = text.str();
  if (all.size() > 600) all.erase(0, all.size() - 600);
  return all;
}

}  // namespace

Status Child::Start() {
  QF_ASSIGN_OR_RETURN(pid_, Fork(spec_));
  started_ = Clock::Steady()->Now();
  return OkStatus();
}

bool Child::Tend(Duration now) {
  if (!running() && !stopping_ && now >= restart_at_) {
    std::fprintf(stderr, "starting %s again\n", spec_.name.c_str());
    if (!Start().ok()) restart_at_ = now + pause_;
  }
  return running();
}

void Child::NoteEnd(pid_t pid, Duration now) {
  if (pid != pid_) return;
  pid_ = -1;
  pause_ = now - started_ > kGrownUp ? Duration(std::chrono::milliseconds(200))
                                     : std::min(2 * pause_, kLongestPause);
  restart_at_ = now + pause_;
}

void Child::Stop() {
  stopping_ = true;
  if (running()) kill(pid_, spec_.stop_signal);
}

void Child::Kill() {
  if (running()) kill(pid_, SIGKILL);
}

Status RunToEnd(const ChildSpec& spec) {
  QF_ASSIGN_OR_RETURN(const pid_t pid, Fork(spec));
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return OkStatus();
  return Internal(spec.name + " failed: " + LastLines(spec.log_file));
}

}  // namespace quantfleet::cli
