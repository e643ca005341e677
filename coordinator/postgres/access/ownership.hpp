// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::postgres {

// Neither a session's agent nor a grant's session ever changes: what these say stays true.

// kPermissionDenied: the session is another agent's, or nobody's.
Status CheckOwnSession(Connection& db, const std::string& session_id, const std::string& agent);

// Block and epoch, as the request writes them, of what `request` hands in that was granted to a
// session of `agent`.
using Grants = std::set<std::pair<std::string, uint64_t>>;
Result<Grants> OwnGrants(Connection& db, const v1::ReportRequest& request,
                         const std::string& agent);

}  // namespace quantfleet::postgres
