// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace quantfleet {

// Tells systemd, or whoever else set $NOTIFY_SOCKET, how this program is. Without that variable it
// does nothing. Source: sd_notify(3), sd_watchdog_enabled(3).
class NotifySocket {
 public:
  // Reads the environment: before any thread starts.
  NotifySocket();

  // Sends lines such as "READY=1". Lost if nobody listens; never blocks.
  void Send(std::string_view lines) const;
  // The supervisor ends this program when it hears no "WATCHDOG=1" for so long; 0: it does not
  // care.
  Duration watchdog() const { return watchdog_; }

 private:
  std::string path_;  // "@" in front stands for the abstract namespace
  Duration watchdog_{};
};

}  // namespace quantfleet
