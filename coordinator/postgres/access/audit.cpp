// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/access/audit.hpp"

#include <algorithm>
#include <limits>

#include "coordinator/postgres/input.hpp"

namespace quantfleet::postgres {
namespace {

constexpr uint32_t kDefaultPage = 100;
constexpr uint32_t kMostPage = 1000;

}  // namespace

Status WriteAudit(Transaction& tx, const access::Actor& actor, std::string_view action,
                  std::string_view object, std::string_view detail) {
  return tx
      .Query(R"(
    INSERT INTO audit (principal, role, peer, action, object, detail, request_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7))",
             {actor.principal, access::RoleName(actor.role), actor.peer, action, PlainText(object),
              PlainText(detail), actor.request_id})
      .status();
}

Result<v1::ListAuditResponse> ListAudit(Connection& db, const v1::ListAuditRequest& request) {
  v1::ListAuditResponse response;
  const uint32_t page = request.page_size() == 0 ? kDefaultPage : request.page_size();
  const int64_t before = request.before_id() == 0 ? std::numeric_limits<int64_t>::max()
                                                  : Bigint(request.before_id()).value_or(0);
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT audit_id, floor(extract(epoch FROM time))::bigint AS time, principal, role, peer, action, object, detail,
             request_id
      FROM audit WHERE audit_id < $1 ORDER BY audit_id DESC LIMIT $2)",
                                                  {before, std::min(page, kMostPage)}));
    for (const auto& row : rows) {
      v1::AuditEntry& entry = *response.add_entries();
      entry.set_audit_id(row["audit_id"].as<uint64_t>());
      entry.mutable_time()->set_seconds(row["time"].as<int64_t>());
      entry.set_principal(row["principal"].as<std::string>());
      entry.set_role(row["role"].as<std::string>());
      entry.set_peer(row["peer"].as<std::string>());
      entry.set_action(row["action"].as<std::string>());
      entry.set_object(row["object"].as<std::string>());
      entry.set_detail(row["detail"].as<std::string>());
      entry.set_request_id(row["request_id"].as<std::string>());
    }
    return OkStatus();
  }));
  return response;
}

}  // namespace quantfleet::postgres
