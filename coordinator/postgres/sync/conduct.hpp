// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/scheduler/quarantine.hpp"

namespace quantfleet::postgres {

// SQL: true of a session s whose device is in quarantine.
constexpr const char* kQuarantined = R"( EXISTS (
  SELECT 1 FROM conduct q WHERE q.agent_name = s.agent_name AND q.device_uid = s.device_uid
                            AND q.free_time > clock_timestamp()) )";

// Something went wrong with a block in the session: its device may be left out for a while. See
// scheduler::AfterMishap.
Status NoteMishap(Transaction& tx, const std::string& session_id, int64_t block_id,
                  scheduler::Mishap mishap, const std::string& reason);

// Blocks went well in these sessions: what was held against their devices is forgotten.
Status NoteSuccess(Transaction& tx, const std::vector<std::string>& session_ids);

}  // namespace quantfleet::postgres
