// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace quantfleet::testing {

// A private PostgreSQL for this test program, started at first use on a Unix socket in a temporary
// directory and stopped at exit. As root it runs as the user `postgres` or `nobody`, since
// PostgreSQL refuses root. fsync stays on.
class PostgresServer {
 public:
  static PostgresServer& Get();

  // Connection string of a new, empty schema of its own.
  std::string NewSchema();
  // Without a schema: for what needs a database of its own.
  std::string Conninfo() const;
  // Ends it as a power cut would (SIGQUIT: no checkpoint), and starts it again.
  void Crash();
  void Restart();

 private:
  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  void Start();
  int RunAsServerUser(const std::vector<std::string>& words) const;

  std::string directory_;
  int schemas_ = 0;
};

}  // namespace quantfleet::testing
