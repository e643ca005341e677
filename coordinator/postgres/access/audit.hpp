// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/access_service.pb.h"

namespace quantfleet::postgres {

// Says what `actor` changes, in the transaction of the change: either both are there or none.
// Never pass secrets.
Status WriteAudit(Transaction& tx, const access::Actor& actor, std::string_view action,
                  std::string_view object, std::string_view detail = "");

Result<v1::ListAuditResponse> ListAudit(Connection& db, const v1::ListAuditRequest& request);

}  // namespace quantfleet::postgres
