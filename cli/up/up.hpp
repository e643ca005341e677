// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"

namespace quantfleet::cli {

// `quantfleet up`: PostgreSQL, a coordinator and agents for this machine, all on loopback, in one
// command.
struct UpOptions {
  std::string data;               // empty: /var/lib/quantfleet as root, else below $XDG_DATA_HOME
  int port = 7070;                // gRPC; 0 takes a free one
  int http_port = 7080;           // dashboard; 0 takes a free one
  std::vector<unsigned> threads;  // one CPU agent for each; empty: one with all threads
  double lease_seconds = 30;
};

// Runs until SIGTERM or SIGINT, which must be blocked in every thread; then ends everything it
// started. Prints "dashboard: HOST:PORT" and, once the agents' sessions are open, "ready:
// HOST:PORT". kFailedPrecondition: the data folder is in use.
Status RunUp(const UpOptions& options);

}  // namespace quantfleet::cli
