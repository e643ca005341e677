// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/access/quota.hpp"

namespace quantfleet::postgres {
namespace {

Result<Quota> Load(Transaction& tx, const std::string& principal, const Quota& quota) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    INSERT INTO principal (principal) VALUES ($1)
    ON CONFLICT (principal) DO UPDATE SET create_time = principal.create_time
    RETURNING coalesce(max_running_matrices, $2::integer), coalesce(max_running_arms, $3::bigint))",
                               {principal, quota.max_running_matrices, quota.max_running_arms}));
  return Quota{rows[0][0].as<uint32_t>(), rows[0][1].as<uint64_t>()};
}

Status Exceeded(const std::string& principal, const std::string& what, uint64_t running,
                uint64_t most) {
  return ResourceExhausted(principal + " has " + std::to_string(running) + " " + what +
                           " running, the quota is " + std::to_string(most) +
                           "; wait, cancel something, or ask an admin for more");
}

}  // namespace

Status CheckQuota(Transaction& tx, const std::string& principal, const Quota& quota, uint64_t arms,
                  uint32_t matrices) {
  QF_ASSIGN_OR_RETURN(const Quota limit, Load(tx, principal, quota));
  if (limit.max_running_matrices > 0) {
    QF_ASSIGN_OR_RETURN(
        const auto rows,
        tx.Query("SELECT count(*) FROM matrix WHERE principal = $1 AND state = 'running'",
                 {principal}));
    const auto running = rows[0][0].as<uint64_t>();
    if (running + matrices > limit.max_running_matrices) {
      return Exceeded(principal, "matrices", running, limit.max_running_matrices);
    }
  }
  if (limit.max_running_arms == 0) return OkStatus();
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT (SELECT coalesce(sum(b.arms), 0) FROM matrix m JOIN block b USING (matrix_id)
            WHERE m.principal = $1 AND m.state = 'running' AND b.state IN ('pending', 'ready', 'leased'))
         + (SELECT coalesce(sum(e.arms_total - e.arms_made), 0) FROM matrix m JOIN expansion e USING (matrix_id)
            WHERE m.principal = $1 AND m.state = 'running' AND e.state = 'running'))",
                                                {principal}));
  const auto running = rows[0][0].as<uint64_t>();
  if (running + arms <= limit.max_running_arms) return OkStatus();
  return Exceeded(principal, "arms", running, limit.max_running_arms);
}

}  // namespace quantfleet::postgres
