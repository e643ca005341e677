// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/blocks/loss.hpp"

#include <vector>

#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/sync/conduct.hpp"

namespace quantfleet::postgres {

Status LockMatricesOf(Transaction& tx, const std::vector<std::string>& session_ids) {
  return tx
      .Query(R"(
    SELECT 1 FROM matrix WHERE matrix_id IN (
      SELECT b.matrix_id FROM lease l JOIN block b USING (block_id) WHERE l.session_id = ANY($1::text[]))
    ORDER BY matrix_id FOR UPDATE)",
             {Parameter::Array(session_ids)})
      .status();
}

namespace {

// Ends the leases of a session. The epochs must agree: while this waits for a block's lock, the
// block may be reported and granted to somebody else. The two blocks that were first in turn are
// charged with the loss, because the agent may have gone on to the second and not said so; from
// then on each runs alone. Those behind them never ran. Rows: block, matrix, is it poison, is it
// lost.
Result<pqxx::result> TakeBack(Transaction& tx, const std::string& session_id, const SessionEnd& end,
                              const LeasePolicy& policy) {
  return tx.Query(
      R"(
    WITH ran AS MATERIALIZED (
      SELECT block_id FROM lease WHERE $4 > 0 AND session_id = $1 AND phase <> 'finished'
      ORDER BY grant_time, block_id LIMIT 2),
    held AS MATERIALIZED (
      SELECT b.block_id, b.matrix_id, b.epoch, b.block_id IN (SELECT block_id FROM ran) AS lost,
             b.losing_sessions + (b.block_id IN (SELECT block_id FROM ran))::integer AS losers,
             b.block_id IN (SELECT block_id FROM ran) AND b.losing_sessions + 1 >= $5 AS poison
      FROM lease l JOIN block b USING (block_id)
      WHERE l.session_id = $1 AND b.state = 'leased' AND b.epoch = l.epoch ORDER BY b.block_id FOR UPDATE OF b),
    freed AS (DELETE FROM lease USING held WHERE lease.block_id = held.block_id),
    back AS (UPDATE block SET state = CASE WHEN poison THEN 'failed' ELSE 'ready' END, losses = losses + 1,
                              losing_sessions = losers
             FROM held WHERE block.block_id = held.block_id),
    closed AS (UPDATE attempt SET end_time = clock_timestamp(), reason = $2,
                                 outcome = CASE WHEN lost THEN $3 ELSE 'released' END FROM held
               WHERE attempt.block_id = held.block_id AND attempt.epoch = held.epoch)
    SELECT block_id, matrix_id, poison, lost FROM held)",
      {session_id, end.why, end.is_loss ? "lost" : "released", end.is_loss ? 1 : 0,
       policy.max_losing_sessions});
}

// Says who was lost with the block, the last ones first, and ends its matrix if it was the last.
Status Bury(Transaction& tx, int64_t block_id, const std::string& matrix_id, const std::string& why,
            const LeasePolicy& policy) {
  QF_RETURN_IF_ERROR(tx.Query(R"(
    UPDATE block SET reason = 'poison: ' || losing_sessions || ' sessions were lost while they ran it ('
      || (SELECT string_agg(who || CASE WHEN times > 1 THEN ' ' || times || ' times' ELSE '' END, ', ' ORDER BY last DESC)
          FROM (SELECT who, count(*) AS times, max(epoch) AS last FROM (
                  SELECT s.agent_name || ' on ' || s.device_class AS who, a.epoch
                  FROM attempt a JOIN session s USING (session_id)
                  WHERE a.block_id = $1 AND a.outcome = 'lost' ORDER BY a.epoch DESC LIMIT $3) AS losses
                GROUP BY who) AS losers)
      || '); the last: ' || $2
    WHERE block_id = $1)",
                              {block_id, why, policy.max_losing_sessions})
                         .status());
  return EndBlocks(tx, {{matrix_id, 1}});
}

}  // namespace

Status EndSession(Transaction& tx, const std::string& session_id, const SessionEnd& end,
                  const LeasePolicy& policy) {
  QF_RETURN_IF_ERROR(
      tx.Query("UPDATE session SET state = $2 WHERE session_id = $1 AND state = 'open'",
               {session_id, end.state})
          .status());
  QF_RETURN_IF_ERROR(
      tx.Query("DELETE FROM session_class WHERE session_id = $1", {session_id}).status());
  QF_RETURN_IF_ERROR(LockMatricesOf(tx, {session_id}));
  QF_ASSIGN_OR_RETURN(const auto held, TakeBack(tx, session_id, end, policy));
  std::vector<int64_t> again;
  for (const auto& row : held) {
    const auto block_id = row[0].as<int64_t>();
    if (row[3].as<bool>()) {
      QF_RETURN_IF_ERROR(
          NoteMishap(tx, session_id, block_id, scheduler::Mishap::kBlockLost, end.why));
    }
    if (!row[2].as<bool>()) {
      again.push_back(block_id);
      continue;
    }
    QF_RETURN_IF_ERROR(Bury(tx, block_id, row[1].as<std::string>(), end.why, policy));
  }
  return QueueBlocks(tx, again);
}

}  // namespace quantfleet::postgres
