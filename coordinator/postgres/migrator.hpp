// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// A forward step of the schema. Numbers count from 1 without gaps.
struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

// The migrations in schemas/postgres, in order, compiled in.
std::span<const Migration> Migrations();

// Applies what the database lacks, each step in a transaction of its own under an advisory lock, so
// that replicas may start at once and a kill in the middle leaves whole steps. kFailedPrecondition:
// the database is newer than the program, or a step that was applied has another content now.
Status Migrate(Connection& db, std::span<const Migration> migrations);

// Newest step applied; 0 for an empty database.
Result<int> SchemaVersion(Connection& db);

}  // namespace quantfleet::postgres
