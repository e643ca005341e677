// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/blocks/standing.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "coordinator/postgres/expansion/expand.hpp"
#include "coordinator/postgres/expansion/join.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/search/search_rows.hpp"

namespace quantfleet::postgres {
namespace {

constexpr int kMostDetails = 20;
constexpr int kMostKinds = 50;
constexpr int kMostAhead = 10000;

// Blocks that the same answer is for: the first one, and how many.
struct Kind {
  int64_t block_id = 0;
  uint32_t blocks = 1;
};

void Say(v1::Standing& standing, v1::StandingCause cause, std::string reason) {
  standing.set_cause(cause);
  standing.set_reason(std::move(reason));
}

// Rows of one column of text, as details.
Status AddDetails(Transaction& tx, v1::Standing& standing, const std::string& sql,
                  const Parameters& parameters) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(sql, parameters));
  for (const auto& row : rows) standing.add_details(row[0].as<std::string>());
  return OkStatus();
}

// Former grants, the last ones first.
Status AddAttempts(Transaction& tx, v1::Standing& standing, int64_t block_id) {
  return AddDetails(tx, standing, R"(
    SELECT 'attempt ' || a.epoch || ', ' || coalesce(s.agent_name || ' on ' || s.device_class, a.session_id) || ': '
           || a.outcome || CASE WHEN a.reason = '' THEN '' ELSE ', ' || a.reason END
    FROM attempt a LEFT JOIN session s USING (session_id)
    WHERE a.block_id = $1 AND a.outcome IS NOT NULL ORDER BY a.epoch DESC LIMIT $2)",
                    {block_id, kMostDetails});
}

// No open session meets the class: what each of them lacks.
Status ExplainNoMatch(Transaction& tx, v1::Standing& standing, const std::string& requirement) {
  QF_ASSIGN_OR_RETURN(const auto fleet, OpenDevices(tx));
  if (fleet.empty()) {
    Say(standing, v1::STANDING_CAUSE_NO_DEVICE, "no device is connected");
    return OkStatus();
  }
  Say(standing, v1::STANDING_CAUSE_NO_MATCH,
      "none of the " + std::to_string(fleet.size()) + " connected devices matches target " +
          standing.target());
  QF_ASSIGN_OR_RETURN(const auto needs, scheduler::Requirement::FromJson(requirement));
  for (size_t i = 0; i < std::min<size_t>(fleet.size(), kMostDetails); ++i) {
    standing.add_details(fleet[i].agent_name + " on " + fleet[i].device.device_class() + ": " +
                         scheduler::WhyNot(needs, fleet[i]));
  }
  return OkStatus();
}

// The open sessions that meet the class, those that could take a block now first: who, why it
// takes none of its own will, what keeps it busy. The host's rule is that of a claim.
Result<pqxx::result> Candidates(Transaction& tx, int64_t class_id, int64_t block_id) {
  return tx.Query(std::string(R"(
    SELECT * FROM (
    SELECT s.agent_name || ' on ' || s.device_class AS who,
           CASE WHEN a.draining THEN 'is drained'
                WHEN q.free_time > clock_timestamp()
                THEN 'is left out for ' || ceil(extract(epoch FROM q.free_time - clock_timestamp())) || ' s: ' || q.reason
                WHEN s.not_leasing_reason <> '' THEN 'takes no block: ' || s.not_leasing_reason
                WHEN EXISTS (SELECT 1 FROM ready r WHERE r.block_id = $3 AND NOT ()") +
                      kMayStart + R"())
                THEN 'failed it: others come first' END AS unwilling,
           busy.what AS busy
    FROM session_class c JOIN session s USING (session_id) JOIN agent a USING (agent_name)
    LEFT JOIN conduct q ON q.agent_name = s.agent_name AND q.device_uid = s.device_uid
    LEFT JOIN LATERAL (
      SELECT CASE WHEN o.session_id = s.session_id THEN 'runs' ELSE 'its host runs' END || ' block ' || b.block_id
             || ' of ' || b.matrix_id || ', ' || round((100 * l.fraction)::numeric) || ' %' AS what
      FROM lease l JOIN session o USING (session_id) JOIN block b USING (block_id)
      WHERE o.host_id = s.host_id AND (o.device_uid = s.device_uid OR NOT o.share_host OR NOT s.share_host)
      LIMIT 1) AS busy ON true
    WHERE c.class_id = $1 AND s.state = 'open') AS candidate
    ORDER BY unwilling IS NOT NULL, busy IS NOT NULL, who LIMIT $2)",
                  {class_id, kMostDetails, block_id});
}

Status CountAhead(Transaction& tx, v1::Standing& standing, int64_t block_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT count(*) FROM (
      SELECT 1 FROM ready r, ready mine WHERE mine.block_id = $1 AND r.class_id = mine.class_id
        AND (r.band, r.sort_key, r.block_id) < (mine.band, mine.sort_key, mine.block_id) LIMIT $2) AS ahead)",
                                                {block_id, kMostAhead}));
  standing.set_blocks_ahead(rows[0][0].as<uint32_t>());
  return OkStatus();
}

Status ExplainReady(Transaction& tx, v1::Standing& standing, const pqxx::row& block) {
  const auto block_id = block["block_id"].as<int64_t>();
  QF_RETURN_IF_ERROR(CountAhead(tx, standing, block_id));
  if (const double wait = block["wait"].as<double>(); wait > 0) {
    standing.set_wait_seconds(wait);
    Say(standing, v1::STANDING_CAUSE_RETRY,
        "waits " + std::to_string(static_cast<int>(std::ceil(wait))) + " s more after failure " +
            block["failures"].as<std::string>() + ": " + block["reason"].as<std::string>());
    return AddAttempts(tx, standing, block_id);
  }
  QF_ASSIGN_OR_RETURN(const auto candidates,
                      Candidates(tx, block["class_id"].as<int64_t>(), block_id));
  if (candidates.empty()) {
    return ExplainNoMatch(tx, standing, block["requirement"].as<std::string>());
  }
  for (const auto& row : candidates) {
    const auto& why = row["unwilling"].is_null() ? row["busy"] : row["unwilling"];
    standing.add_details(row["who"].as<std::string>() + " " +
                         (why.is_null() ? "is free" : why.as<std::string>()));
  }
  const std::string ahead = "queued before it: " + std::to_string(standing.blocks_ahead());
  if (!candidates[0]["unwilling"].is_null()) {
    Say(standing, v1::STANDING_CAUSE_RELUCTANT,
        "every device that matches target " + standing.target() + " takes no block");
  } else if (!candidates[0]["busy"].is_null()) {
    Say(standing, v1::STANDING_CAUSE_BUSY, "every device that could run it is busy; " + ahead);
  } else {
    Say(standing, v1::STANDING_CAUSE_QUEUED, "a device is free; " + ahead);
  }
  return OkStatus();
}

Status ExplainLeased(Transaction& tx, v1::Standing& standing, int64_t block_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT s.agent_name || ' on ' || s.device_class || ' runs it: '
           || CASE WHEN l.phase = '' THEN 'just granted' ELSE l.phase END || ', '
           || round((100 * l.fraction)::numeric) || ' %, last heard of '
           || round(extract(epoch FROM clock_timestamp() - s.last_seen)::numeric, 1) || ' s ago'
    FROM lease l JOIN session s USING (session_id) WHERE l.block_id = $1)",
                                                {block_id}));
  Say(standing, v1::STANDING_CAUSE_RUNNING,
      rows.empty() ? "an agent runs it" : rows[0][0].as<std::string>());
  return AddAttempts(tx, standing, block_id);
}

Status ExplainOver(Transaction& tx, v1::Standing& standing, const pqxx::row& block) {
  const auto state = block["state"].as<std::string>();
  if (state == "done") Say(standing, v1::STANDING_CAUSE_DONE, "it has its result");
  if (state == "cancelled") {
    Say(standing, v1::STANDING_CAUSE_CANCELLED, "the matrix was cancelled");
  }
  if (state == "failed") {
    const bool poison = block["poison"].as<bool>();
    Say(standing, poison ? v1::STANDING_CAUSE_POISON : v1::STANDING_CAUSE_FAILED,
        "given up: " + block["reason"].as<std::string>());
  }
  return AddAttempts(tx, standing, block["block_id"].as<int64_t>());
}

Status Explain(Transaction& tx, const Kind& kind, v1::Standing& standing) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT b.block_id, b.matrix_id, b.ordinal, b.target, b.class_id, b.state, b.reason, b.failures,
           coalesce((SELECT a.outcome = 'lost' FROM attempt a WHERE a.block_id = b.block_id AND a.epoch = b.epoch), false)
             AS poison, q.requirement,
           coalesce(greatest(0, extract(epoch FROM nullif(r.not_before, '-infinity') - clock_timestamp())), 0)::float8
             AS wait
    FROM block b JOIN requirement_class q USING (class_id) LEFT JOIN ready r USING (block_id)
    WHERE b.block_id = $1)",
                                                {kind.block_id}));
  if (rows.empty()) return NotFound("no block has the id " + std::to_string(kind.block_id));
  const pqxx::row block = rows[0];
  standing.set_block_id(std::to_string(kind.block_id));
  standing.set_matrix_id(block["matrix_id"].as<std::string>());
  standing.set_ordinal(block["ordinal"].as<uint32_t>());
  standing.set_target(block["target"].as<std::string>());
  standing.set_blocks(kind.blocks);
  const auto state = block["state"].as<std::string>();
  if (state == "ready") return ExplainReady(tx, standing, block);
  if (state == "pending") {
    Say(standing, v1::STANDING_CAUSE_PENDING,
        "the queue holds enough of its matrix; it follows when some of that has run");
    return OkStatus();
  }
  if (state == "leased") return ExplainLeased(tx, standing, kind.block_id);
  return ExplainOver(tx, standing, block);
}

// Blocks of a matrix that are not done, those together that stand alike.
Result<std::vector<Kind>> KindsOf(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto known,
                      tx.Query("SELECT 1 FROM matrix WHERE matrix_id = $1", {matrix_id}));
  if (known.empty()) return NotFound("no block or matrix has the id " + matrix_id);
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT min(b.block_id), count(*) FROM block b LEFT JOIN ready r USING (block_id)
    WHERE b.matrix_id = $1 AND b.state <> 'done'
    GROUP BY b.state, b.class_id, b.target, b.reason, r.not_before > clock_timestamp(),
             CASE WHEN b.state = 'leased' THEN b.block_id END
    ORDER BY 1 LIMIT $2)",
                                                {matrix_id, kMostKinds}));
  std::vector<Kind> kinds;
  for (const auto& row : rows) kinds.push_back({row[0].as<int64_t>(), row[1].as<uint32_t>()});
  return kinds;
}

// Blocks that are still to be made.
Status ExplainExpansion(Transaction& tx, const std::string& matrix_id,
                        v1::ExplainBlocksResponse& response) {
  QF_ASSIGN_OR_RETURN(const ExpansionProgress progress, ProgressOf(tx, matrix_id));
  if (progress.text.empty()) return OkStatus();
  v1::Standing& standing = *response.add_standings();
  standing.set_matrix_id(matrix_id);
  standing.set_blocks(static_cast<uint32_t>(progress.blocks_left));
  Say(standing, v1::STANDING_CAUSE_PENDING, progress.text);
  return OkStatus();
}

// Blocks that are made if somebody joins, or a search asks for them.
Status ExplainGrowth(Transaction& tx, const std::string& matrix_id,
                     v1::ExplainBlocksResponse& response) {
  QF_ASSIGN_OR_RETURN(const std::vector<std::string> lines, JoiningOf(tx, matrix_id));
  for (const std::string& line : lines) {
    v1::Standing& standing = *response.add_standings();
    standing.set_matrix_id(matrix_id);
    Say(standing, v1::STANDING_CAUSE_JOINING, line);
  }
  QF_ASSIGN_OR_RETURN(std::string search, SearchOf(tx, matrix_id));
  if (search.empty()) return OkStatus();
  v1::Standing& standing = *response.add_standings();
  standing.set_matrix_id(matrix_id);
  Say(standing, v1::STANDING_CAUSE_SEARCHING, std::move(search));
  return OkStatus();
}

}  // namespace

Result<v1::ExplainBlocksResponse> ExplainBlocks(Connection& db,
                                                const v1::ExplainBlocksRequest& request) {
  v1::ExplainBlocksResponse response;
  const auto block_id = ParseBlockId(request.id());
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    std::vector<Kind> kinds;
    if (block_id) kinds.push_back({*block_id, 1});
    if (!block_id) {
      QF_ASSIGN_OR_RETURN(kinds, KindsOf(tx, request.id()));
    }
    for (const Kind& kind : kinds) {
      QF_RETURN_IF_ERROR(Explain(tx, kind, *response.add_standings()));
    }
    if (block_id) return OkStatus();
    QF_RETURN_IF_ERROR(ExplainExpansion(tx, request.id(), response));
    return ExplainGrowth(tx, request.id(), response);
  }));
  return response;
}

}  // namespace quantfleet::postgres
