// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/status.hpp"

namespace quantfleet::agent {

// A file descriptor that closes itself. Not thread-safe.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  // -1 when there is none.
  int get() const { return descriptor_; }
  void Close();

 private:
  int descriptor_ = -1;
};

// How a process ended.
struct ProcessEnd {
  // Exit status, or -1 if a signal ended it.
  int exit_status = -1;
  // Signal, or 0 if it exited.
  int signal = 0;
  // "signal 6 (Aborted)" or "exit status 3".
  std::string text;
};

// A child in a process group of its own, with lines to its stdin and from its stdout and the end of
// its stderr kept. It is killed with the object and, by the kernel, when the *thread* that started
// it ends (PR_SET_PDEATHSIG, prctl(2)). One thread uses an object.
class ChildProcess {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Runs `arguments[0]` with the arguments and this process's environment. kNotFound with the
  // system's words if the program cannot be run.
  static Result<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& arguments);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Writes `line` and a line feed. kUnavailable if the child reads no more, kDeadlineExceeded.
  Status WriteLine(std::string_view line, Time deadline);
  // The next line without its line feed. kUnavailable when stdout has ended, kDeadlineExceeded,
  // kCancelled once `wake` (a descriptor, or -1) is readable, kResourceExhausted for a line above
  // 64 MiB.
  Result<std::string> ReadLine(Time deadline, int wake);
  // SIGKILL to the whole group, and waits for its end. How the child ended; if it had ended
  // already, how it did.
  const ProcessEnd& Kill();
  // Gives a child whose stdout has ended `grace` to end by itself, then Kill().
  const ProcessEnd& Reap(std::chrono::milliseconds grace);
  // The last 4 KiB of its stderr, read so far; complete after Kill or Reap.
  const std::string& stderr_tail() const { return stderr_tail_; }
  pid_t pid() const { return pid_; }

 private:
  ChildProcess() = default;
  // True if a signal or an exit was collected.
  bool Collect(bool wait);
  // Reads what is there without waiting.
  void DrainStderr();
  // True if `buffer_` grew or the end was seen.
  bool DrainStdout();
  // Waits until something can be read or written. False at the deadline.
  bool Wait(Time deadline, int wake, bool want_write, bool* woken);

  pid_t pid_ = -1;
  FileDescriptor stdin_;
  FileDescriptor stdout_;
  FileDescriptor stderr_;
  std::string buffer_;
  size_t scanned_ = 0;
  bool stdout_ended_ = false;
  std::string stderr_tail_;
  bool ended_ = false;
  ProcessEnd end_;
};

}  // namespace quantfleet::agent
