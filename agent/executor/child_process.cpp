// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/executor/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace quantfleet::agent {
namespace {

constexpr size_t kMostLineBytes = size_t{64} << 20;
constexpr size_t kTailBytes = 4096;
constexpr int kExecFailed = 127;

struct Ends {
  FileDescriptor ours;
  FileDescriptor theirs;
};

std::string SystemError(std::string_view what) {
  return std::string(what) + ": " + std::strerror(errno);
}

// A pipe whose reading end is ours.
Result<Ends> OutputPipe() {
  std::array<int, 2> pair{};
  if (pipe2(pair.data(), O_CLOEXEC) != 0) return ResourceExhausted(SystemError("pipe"));
  return Ends{FileDescriptor(pair[0]), FileDescriptor(pair[1])};
}

// A socket and not a pipe, since only send() can be told not to raise SIGPIPE.
Result<Ends> InputSocket() {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return ResourceExhausted(SystemError("socketpair"));
  }
  return Ends{FileDescriptor(pair[0]), FileDescriptor(pair[1])};
}

void SetNonBlocking(int descriptor) {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

struct ChildSetup {
  char* const* arguments;
  pid_t parent;
  int input;
  int output;
  int error;
  int failure;
};

// Runs in the child between fork and exec: only async-signal-safe calls, no allocation.
[[noreturn]] void BecomeProgram(const ChildSetup& setup) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have gone before the line above.
  if (getppid() != setup.parent) _exit(kExecFailed);
  dup2(setup.input, STDIN_FILENO);
  dup2(setup.output, STDOUT_FILENO);
  dup2(setup.error, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  execv(setup.arguments[0], setup.arguments);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(setup.failure, &error, sizeof(error));
  _exit(kExecFailed);
}

ProcessEnd EndOf(int status) {
  ProcessEnd end;
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
    end.text = "signal " + std::to_string(end.signal) + " (" + strsignal(end.signal) + ")";
  } else {
    end.exit_status = WEXITSTATUS(status);
    end.text = "exit status " + std::to_string(end.exit_status);
  }
  return end;
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    Close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  Close();
}

void FileDescriptor::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    const std::vector<std::string>& arguments) {
  QF_CHECK(!arguments.empty());
  QF_ASSIGN_OR_RETURN(Ends input, InputSocket());
  QF_ASSIGN_OR_RETURN(Ends output, OutputPipe());
  QF_ASSIGN_OR_RETURN(Ends error, OutputPipe());
  QF_ASSIGN_OR_RETURN(Ends failure, OutputPipe());
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers;
  for (std::string& copy : copies) pointers.push_back(copy.data());
  pointers.push_back(nullptr);
  const ChildSetup setup{pointers.data(),     getpid(),           input.theirs.get(),
                         output.theirs.get(), error.theirs.get(), failure.theirs.get()};
  const pid_t pid = fork();
  if (pid < 0) return ResourceExhausted(SystemError("fork"));
  if (pid == 0) BecomeProgram(setup);
  std::unique_ptr<ChildProcess> child(new ChildProcess());
  child->pid_ = pid;
  // Both sides set the group, so that it exists whoever runs first.
  setpgid(pid, pid);
  failure.theirs.Close();
  int exec_error = 0;
  ssize_t got = 0;
  do {
    got = read(failure.ours.get(), &exec_error, sizeof(exec_error));
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof(exec_error))) {
    return NotFound("cannot run " + arguments[0] + ": " + std::strerror(exec_error));
  }
  child->stdin_ = std::move(input.ours);
  child->stdout_ = std::move(output.ours);
  child->stderr_ = std::move(error.ours);
  for (const int descriptor : {child->stdin_.get(), child->stdout_.get(), child->stderr_.get()}) {
    SetNonBlocking(descriptor);
  }
  return child;
}

ChildProcess::~ChildProcess() {
  Kill();
}

bool ChildProcess::Wait(Time deadline, int wake, bool want_write, bool* woken) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  const int timeout = static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
  // poll ignores negative descriptors.
  std::array<pollfd, 4> fds{{{stdout_ended_ ? -1 : stdout_.get(), POLLIN, 0},
                             {stderr_.get(), POLLIN, 0},
                             {wake, POLLIN, 0},
                             {want_write ? stdin_.get() : -1, POLLOUT, 0}}};
  const int ready = poll(fds.data(), fds.size(), timeout);
  if (ready < 0 && errno == EINTR) return true;
  if (ready <= 0) return false;
  if (fds[0].revents != 0) DrainStdout();
  if (fds[1].revents != 0) DrainStderr();
  if (woken != nullptr) *woken = fds[2].revents != 0;
  // A child that only fills its stderr cannot put the deadline off.
  return left.count() > 0 || fds[0].revents != 0 || fds[2].revents != 0;
}

Status ChildProcess::WriteLine(std::string_view line, Time deadline) {
  std::string bytes(line);
  bytes += '\n';
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count =
        send(stdin_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!Wait(deadline, -1, true, nullptr)) return DeadlineExceeded("it reads no requests");
    } else if (errno != EINTR) {
      return Unavailable(SystemError("it reads no requests"));
    }
  }
  return OkStatus();
}

Result<std::string> ChildProcess::ReadLine(Time deadline, int wake) {
  while (true) {
    const size_t end = buffer_.find('\n', scanned_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      scanned_ = 0;
      return line;
    }
    scanned_ = buffer_.size();
    if (buffer_.size() > kMostLineBytes) return ResourceExhausted("a line above 64 MiB");
    if (stdout_ended_) return Unavailable("its output has ended");
    bool woken = false;
    if (!Wait(deadline, wake, false, &woken)) return DeadlineExceeded("no line in time");
    if (woken) return Status(StatusCode::kCancelled, "asked to stop");
  }
}

bool ChildProcess::DrainStdout() {
  std::array<char, 65536> chunk;
  const ssize_t count = read(stdout_.get(), chunk.data(), chunk.size());
  if (count > 0) {
    buffer_.append(chunk.data(), static_cast<size_t>(count));
    return true;
  }
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  stdout_ended_ = true;
  return true;
}

void ChildProcess::DrainStderr() {
  std::array<char, 4096> chunk;
  while (stderr_.get() >= 0) {
    const ssize_t count = read(stderr_.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) {
      stderr_.Close();
      return;
    }
    stderr_tail_.append(chunk.data(), static_cast<size_t>(count));
    if (stderr_tail_.size() > kTailBytes) stderr_tail_.erase(0, stderr_tail_.size() - kTailBytes);
  }
}

bool ChildProcess::Collect(bool wait) {
  if (ended_) return true;
  // WNOWAIT keeps the id taken until the group is killed, so that no stranger can get it.
  siginfo_t info{};
  const int flags = WEXITED | WNOWAIT | (wait ? 0 : WNOHANG);
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, flags) != 0) {
    if (errno != EINTR) break;
  }
  if (info.si_pid == 0) return false;
  kill(-pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
  end_ = EndOf(status);
  DrainStderr();
  return true;
}

const ProcessEnd& ChildProcess::Kill() {
  if (!Collect(false)) {
    kill(-pid_, SIGKILL);
    Collect(true);
  }
  return end_;
}

const ProcessEnd& ChildProcess::Reap(std::chrono::milliseconds grace) {
  const Time deadline = std::chrono::steady_clock::now() + grace;
  while (!Collect(false) && std::chrono::steady_clock::now() < deadline) {
    DrainStderr();
    // waitpid(2) takes no deadline, and SIGCHLD belongs to the program, not to this room.
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return Kill();
}

}  // namespace quantfleet::agent
