// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace quantfleet::testing {

// A private PostgreSQL in a temporary directory, reached by a unix socket only, durable as in
// production (fsync on). One a test program: made at the first use, ended and removed at exit. As
// root it runs as the system's user "postgres", which PostgreSQL insists on. Use from the main
// thread. A machine without PostgreSQL fails the test.
class PostgresServer {
 public:
  static PostgresServer& Shared();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A new empty database; its connection string.
  std::string CreateDatabase();
  // Output of a program of PostgreSQL ("psql", "pg_dump") run on the database `conninfo` names.
  std::string Run(const std::string& program, const std::string& conninfo,
                  const std::vector<std::string>& arguments);

  // Ends as if the power had failed (immediate shutdown), and waits for it.
  void Crash();
  // Starts again, recovers, and waits until it takes connections.
  void Start();

 private:
  PostgresServer();

  std::string directory_;
  std::string programs_;  // folder of the server's programs
  pid_t server_ = -1;
  int databases_ = 0;
};

}  // namespace quantfleet::testing
