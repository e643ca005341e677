// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// How much there is, for an operator's eye.
struct Figures {
  uint64_t open_sessions = 0;
  uint64_t leased_blocks = 0;
  // Waiting blocks by requirement class, of the kMostClasses lowest class ids that have any.
  std::map<int64_t, uint64_t> ready_by_class;
};

// A class with more waiting blocks than this counts as this many: reading stays cheap however long
// the queue is.
inline constexpr uint64_t kMostReadyCounted = 20'000;
inline constexpr int kMostClasses = 200;

// One round trip; gives up after two seconds (kUnavailable).
Status Answers(Connection& db);
// Reads indexes only, and gives up after a second (kUnavailable).
Result<Figures> ReadFigures(Connection& db);

}  // namespace quantfleet::postgres
