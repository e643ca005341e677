// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/executor/host_lock.hpp"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace quantfleet::agent {
namespace {

constexpr mode_t kEveryone = 0666;
constexpr std::chrono::milliseconds kRetryEvery{50};
constexpr int kOpenAttempts = 10;

Status CannotOpen(const std::string& path) {
  return FailedPrecondition("cannot open the host's lock " + path + ": " + std::strerror(errno));
}

Result<FileDescriptor> Open(const std::string& path) {
  for (int attempt = 0; attempt < kOpenAttempts; ++attempt) {
    // Without O_CREAT first: in a sticky directory the kernel refuses O_CREAT on the file of
    // another user (fs.protected_regular). Reading suffices for flock.
    FileDescriptor found(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (found.get() >= 0) return found;
    if (errno != ENOENT) return CannotOpen(path);
    FileDescriptor made(
        open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kEveryone));
    if (made.get() >= 0) {
      // The umask does not count here.
      fchmod(made.get(), kEveryone);
      return made;
    }
    if (errno != EEXIST) return CannotOpen(path);
  }
  return FailedPrecondition("the host's lock " + path + " comes and goes");
}

}  // namespace

Result<HostLock> HostLock::Acquire(const std::string& path, const std::stop_token& stop) {
  QF_ASSIGN_OR_RETURN(FileDescriptor file, Open(path));
  struct stat status {};
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return FailedPrecondition("the host's lock " + path + " is no plain file");
  }
  std::mutex mutex;
  std::condition_variable_any wait;
  std::unique_lock lock(mutex);
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return CannotOpen(path);
    // flock(2) cannot wait for a stop token.
    wait.wait_for(lock, stop, kRetryEvery, [] { return false; });
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "stopped");
  }
  return HostLock(std::move(file));
}

}  // namespace quantfleet::agent
