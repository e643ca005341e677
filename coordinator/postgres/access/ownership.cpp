// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/access/ownership.hpp"

#include <vector>

#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/input.hpp"

namespace quantfleet::postgres {

Status CheckOwnSession(Connection& db, const std::string& session_id, const std::string& agent) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      db.Ask("SELECT 1 FROM session WHERE session_id = $1 AND agent_name = $2",
                             {PlainText(session_id), agent}));
  if (!rows.empty()) return OkStatus();
  return access::PermissionDenied("this is no session of agent " + agent);
}

Result<Grants> OwnGrants(Connection& db, const v1::ReportRequest& request,
                         const std::string& agent) {
  std::vector<int64_t> blocks, epochs;
  const auto add = [&](const std::string& block_id, uint64_t epoch) {
    const auto block = ParseBlockId(block_id);
    const auto number = Bigint(epoch);
    if (!block || !number) return;
    blocks.push_back(*block);
    epochs.push_back(*number);
  };
  for (const auto& result : request.results()) add(result.block_id(), result.epoch());
  for (const auto& failure : request.failures()) add(failure.block_id(), failure.epoch());
  Grants own;
  QF_ASSIGN_OR_RETURN(const auto rows,
                      db.Ask(R"(
    SELECT a.block_id, a.epoch FROM unnest($2::bigint[], $3::bigint[]) AS given (block_id, epoch)
    JOIN attempt a USING (block_id, epoch) JOIN session s USING (session_id) WHERE s.agent_name = $1)",
                             {agent, Parameter::Array(blocks), Parameter::Array(epochs)}));
  for (const auto& row : rows) own.emplace(row[0].as<std::string>(), row[1].as<uint64_t>());
  return own;
}

}  // namespace quantfleet::postgres
