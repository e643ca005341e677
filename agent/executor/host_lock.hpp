// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>

#include "agent/executor/child_process.hpp"
#include "base/status.hpp"

namespace quantfleet::agent {

// Where all agents of a host, of whatever user, meet.
inline constexpr const char* kHostLockPath = "/tmp/quantfleet-host.lock";

// The right to measure on this host, held until the object goes: an flock(2) that the kernel drops
// with the process. A busy host moves the numbers of every device.
class HostLock {
 public:
  // Waits for the lock. kCancelled when `stop` is requested first; kFailedPrecondition if `path`
  // is no plain file that this user may open.
  static Result<HostLock> Acquire(const std::string& path, const std::stop_token& stop);

 private:
  explicit HostLock(FileDescriptor file) : file_(std::move(file)) {}
  FileDescriptor file_;
};

}  // namespace quantfleet::agent
