// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/supervision/notify_socket.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace quantfleet {
namespace {

std::string_view Variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread starts
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// 0 if it is not a number.
int64_t Number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

}  // namespace

NotifySocket::NotifySocket() : path_(Variable("NOTIFY_SOCKET")) {
  const std::string_view process = Variable("WATCHDOG_PID");
  const bool ours = process.empty() || Number(process) == getpid();
  if (!path_.empty() && ours) {
    watchdog_ = std::chrono::microseconds(Number(Variable("WATCHDOG_USEC")));
  }
}

void NotifySocket::Send(std::string_view lines) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.empty() || path_.size() >= sizeof(address.sun_path)) return;
  path_.copy(address.sun_path, path_.size());
  if (path_[0] == '@') address.sun_path[0] = '\0';
  const int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API
  sendto(socket_fd, lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
         reinterpret_cast<const sockaddr*>(&address), length);
  close(socket_fd);
}

}  // namespace quantfleet
