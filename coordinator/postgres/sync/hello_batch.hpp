// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::postgres {

// Opens a session for each of `hellos` in one transaction, in their order: of two for the same
// device the second supersedes the first. A copy of an earlier Hello gets that one's session, even
// if it is over: a late copy must not supersede its successor. After all coordinators were away,
// thousands say Hello at once, and each takes the lock of LockMatching.
Result<std::vector<v1::HelloResponse>> OpenSessions(
    Connection& db, const std::vector<const v1::HelloRequest*>& hellos, const LeasePolicy& policy);

}  // namespace quantfleet::postgres
