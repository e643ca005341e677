// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace quantfleet {

// What quantfleet-coordinator is told, by flag, QUANTFLEET_* variable or configuration file, in
// this order.
struct CoordinatorOptions {
  // "serve", "migrate", "status", "restored", "archive" or "restore-archive".
  std::string command;
  std::string listen = "127.0.0.1:7070";
  std::string agent_listen;  // further gRPC port that asks for a certificate; empty: none
  std::string tls;           // folder of certificates; empty: plain, on loopback
  std::string http = "127.0.0.1:7080";  // empty: no dashboard
  std::string database = "dbname=quantfleet";
  std::string database_replica;  // a standby for comparisons and lists; empty: none
  std::string port_file;
  std::string agent_port_file;
  std::string http_port_file;
  std::string log_format = "text";
  double lease_seconds = 30;
  int database_threads = 4;
  // Of a principal without a quota of its own; 0: no limit.
  uint32_t max_running_matrices = 100;
  uint64_t max_running_arms = 1'000'000;
  bool migrate = true;
  std::string archive_folder;  // of "archive"
  double archive_days = 0;     // of "archive": matrices that ended before
  std::string archive_file;    // of "restore-archive"
};

// Fills `options`, or prints help, version or what is wrong. Returns an exit code to end with, or
// -1 to go on.
int ParseCoordinatorOptions(int argc, char** argv, CoordinatorOptions& options);

}  // namespace quantfleet
