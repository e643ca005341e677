// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/matrix_view.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <google/protobuf/util/time_util.h>

#include "coordinator/postgres/expansion/expand.hpp"
#include "coordinator/postgres/expansion/join.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/search/search_rows.hpp"

namespace quantfleet::postgres {
namespace {

// Epochs and losses never fall, nor what is made, so the version grows when a block is granted,
// lost or made, too. What an expansion that was stopped did not make counts as cancelled.
// Measurements are counted block by block: of a partitioned table the planner knows too little, and
// would read all of it for a small matrix.
constexpr const char* kSelectMatrix = R"(
  SELECT m.matrix_id, m.name, m.state, m.principal, m.document_sha256, m.priority,
         m.version + b.moves + e.made AS version,
         extract(epoch FROM m.create_time)::float8 AS created, extract(epoch FROM m.end_time)::float8 AS ended,
         b.made + e.blocks_left AS total, b.arms_made + e.arms_left AS arms_total,
         b.ready, b.leased, b.done, b.failed, b.cancelled + w.dropped AS cancelled, w.waiting - w.dropped AS pending,
         r.*, extract(epoch FROM clock_timestamp() - m.create_time)::float8 AS age
  FROM matrix m,
  LATERAL (SELECT count(*) AS made, count(*) FILTER (WHERE state = 'ready') AS ready,
                  count(*) FILTER (WHERE state = 'leased') AS leased, count(*) FILTER (WHERE state = 'done') AS done,
                  count(*) FILTER (WHERE state = 'failed') AS failed,
                  count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
                  count(*) FILTER (WHERE state = 'pending') AS pending, coalesce(sum(arms), 0) AS arms_made,
                  coalesce(sum(epoch + losses), 0) AS moves
           FROM block WHERE block.matrix_id = m.matrix_id) AS b,
  LATERAL (SELECT coalesce(sum(blocks_total - blocks_made), 0)::bigint AS blocks_left,
                  coalesce(sum(arms_total - arms_made), 0)::bigint AS arms_left,
                  coalesce(sum(blocks_made), 0)::bigint AS made, coalesce(bool_or(state = 'stopped'), false) AS stopped
           FROM expansion WHERE expansion.matrix_id = m.matrix_id) AS e,
  LATERAL (SELECT b.pending + e.blocks_left AS waiting,
                  CASE WHEN m.state = 'cancelled' THEN b.pending + e.blocks_left
                       WHEN e.stopped THEN e.blocks_left ELSE 0 END AS dropped) AS w,
  LATERAL (SELECT coalesce(sum(a.measured), 0)::bigint AS arms_measured, coalesce(sum(a.failed), 0)::bigint AS arms_failed
           FROM block, LATERAL (
             SELECT count(*) AS measured,
                    count(*) FILTER (WHERE outcome NOT IN ('OUTCOME_MEASURED', 'OUTCOME_UNSUPPORTED')) AS failed
             FROM measurement WHERE measurement.block_id = block.block_id) AS a
           WHERE block.matrix_id = m.matrix_id AND block.state = 'done') AS r
)";

v1::MatrixState StateOf(const std::string& text) {
  if (text == "running") return v1::MATRIX_STATE_RUNNING;
  if (text == "completed") return v1::MATRIX_STATE_COMPLETED;
  if (text == "failed") return v1::MATRIX_STATE_FAILED;
  return v1::MATRIX_STATE_CANCELLED;
}

void SetTime(double seconds, google::protobuf::Timestamp* time) {
  *time = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
      static_cast<int64_t>(seconds * 1e6));
}

v1::Matrix MatrixFrom(const pqxx::row& row) {
  v1::Matrix matrix;
  matrix.set_matrix_id(row["matrix_id"].as<std::string>());
  matrix.set_name(row["name"].as<std::string>());
  matrix.set_state(StateOf(row["state"].as<std::string>()));
  matrix.set_principal(row["principal"].as<std::string>());
  matrix.set_document_sha256(row["document_sha256"].as<std::string>());
  matrix.set_priority(row["priority"].as<uint32_t>());
  matrix.set_version(row["version"].as<uint64_t>());
  SetTime(row["created"].as<double>(), matrix.mutable_create_time());
  if (!row["ended"].is_null()) SetTime(row["ended"].as<double>(), matrix.mutable_end_time());
  matrix.set_blocks_total(row["total"].as<uint32_t>());
  matrix.set_blocks_ready(row["ready"].as<uint32_t>());
  matrix.set_blocks_leased(row["leased"].as<uint32_t>());
  matrix.set_blocks_done(row["done"].as<uint32_t>());
  matrix.set_blocks_failed(row["failed"].as<uint32_t>());
  matrix.set_blocks_cancelled(row["cancelled"].as<uint32_t>());
  matrix.set_blocks_pending(row["pending"].as<uint32_t>());
  matrix.set_arms_total(row["arms_total"].as<uint32_t>());
  matrix.set_arms_measured(row["arms_measured"].as<uint32_t>());
  matrix.set_arms_failed(row["arms_failed"].as<uint32_t>());
  return matrix;
}

}  // namespace

Result<v1::Matrix> SelectMatrix(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(std::string(kSelectMatrix) + "WHERE m.matrix_id = $1", {matrix_id}));
  if (rows.empty()) return NotFound("no matrix has the id " + matrix_id);
  return MatrixFrom(rows[0]);
}

namespace {

constexpr int kMaxReasons = 20;
constexpr size_t kMaxDevicesAReason = 3;

Status AddRunning(Transaction& tx, v1::Matrix& matrix) {
  QF_ASSIGN_OR_RETURN(const auto leases, tx.Query(R"(
    SELECT s.agent_name || ' on ' || s.device_class || ': block ' || b.ordinal || ' ' || l.phase || ' '
           || round((100 * l.fraction)::numeric) || ' %'
    FROM lease l JOIN block b USING (block_id) JOIN session s USING (session_id)
    WHERE b.matrix_id = $1 ORDER BY b.ordinal LIMIT $2)",
                                                  {matrix.matrix_id(), kMaxReasons}));
  for (const auto& row : leases) matrix.add_running(row[0].as<std::string>());
  return OkStatus();
}

// "threads-8: no connected device matches (agent a, cpu/x/2t: threads is 2, ...)".
std::string NoMatch(const std::string& target, const scheduler::Requirement& requirement,
                    const std::vector<scheduler::DeviceFacts>& fleet) {
  if (fleet.empty()) return target + ": no device is connected";
  std::string text = target + ": no connected device matches";
  for (size_t i = 0; i < std::min(fleet.size(), kMaxDevicesAReason); ++i) {
    text += (i == 0 ? " (" : "; ") + fleet[i].agent_name + " on " + fleet[i].device.device_class() +
            ": " + scheduler::WhyNot(requirement, fleet[i]);
  }
  if (fleet.size() > kMaxDevicesAReason) {
    text += "; and " + std::to_string(fleet.size() - kMaxDevicesAReason) + " more";
  }
  return text + ")";
}

// Classes with queued blocks that no open session meets.
Status AddUnmatched(Transaction& tx, v1::Matrix& matrix) {
  QF_ASSIGN_OR_RETURN(const auto unmatched, tx.Query(R"(
    SELECT DISTINCT b.target, q.requirement FROM block b JOIN requirement_class q USING (class_id)
    WHERE b.matrix_id = $1 AND b.state IN ('pending', 'ready') AND NOT EXISTS (
      SELECT 1 FROM session_class c JOIN session s USING (session_id)
      WHERE c.class_id = b.class_id AND s.state = 'open')
    ORDER BY b.target LIMIT $2)",
                                                     {matrix.matrix_id(), kMaxReasons}));
  if (unmatched.empty()) return OkStatus();
  QF_ASSIGN_OR_RETURN(const auto fleet, OpenDevices(tx));
  for (const auto& row : unmatched) {
    QF_ASSIGN_OR_RETURN(const auto requirement,
                        scheduler::Requirement::FromJson(row[1].as<std::string>()));
    matrix.add_waiting(NoMatch(row[0].as<std::string>(), requirement, fleet));
  }
  return OkStatus();
}

// Targets whose every matching session takes no block.
Status AddReluctant(Transaction& tx, v1::Matrix& matrix) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT b.target || ': ' || string_agg(DISTINCT s.agent_name || ' '
             || CASE WHEN a.draining THEN 'is drained' ELSE 'takes no block: ' || s.not_leasing_reason END, '; ')
    FROM (SELECT DISTINCT target, class_id FROM block WHERE matrix_id = $1 AND state IN ('pending', 'ready')) AS b
    JOIN session_class c USING (class_id) JOIN session s USING (session_id) JOIN agent a USING (agent_name)
    WHERE s.state = 'open'
    GROUP BY b.target HAVING bool_and(a.draining OR s.not_leasing_reason <> '')
    ORDER BY b.target LIMIT $2)",
                                                {matrix.matrix_id(), kMaxReasons}));
  for (const auto& row : rows) matrix.add_waiting(row[0].as<std::string>());
  return OkStatus();
}

// Blocks that are not even made, and those that may have to be.
Status AddExpansion(Transaction& tx, v1::Matrix& matrix) {
  QF_ASSIGN_OR_RETURN(ExpansionProgress progress, ProgressOf(tx, matrix.matrix_id()));
  if (!progress.text.empty()) matrix.add_waiting(std::move(progress.text));
  QF_ASSIGN_OR_RETURN(const std::vector<std::string> joining, JoiningOf(tx, matrix.matrix_id()));
  for (const std::string& line : joining) matrix.add_waiting(line);
  QF_ASSIGN_OR_RETURN(std::string search, SearchOf(tx, matrix.matrix_id()));
  if (!search.empty()) matrix.add_waiting(std::move(search));
  return OkStatus();
}

// Mean time of an accepted attempt, times the blocks left, over the blocks that run at once.
Status AddSecondsLeft(Transaction& tx, v1::Matrix& matrix) {
  QF_ASSIGN_OR_RETURN(const auto spent, tx.Query(R"(
    SELECT avg(extract(epoch FROM a.end_time - a.start_time))::float8 FROM attempt a JOIN block b USING (block_id)
    WHERE b.matrix_id = $1 AND a.outcome = 'accepted')",
                                                 {matrix.matrix_id()}));
  if (spent[0][0].is_null()) return OkStatus();
  const double left =
      matrix.blocks_pending() + matrix.blocks_ready() + 0.5 * matrix.blocks_leased();
  matrix.set_seconds_left(spent[0][0].as<double>() * left / std::max(1U, matrix.blocks_leased()));
  return OkStatus();
}

}  // namespace

Result<v1::Matrix> GetMatrix(Connection& db, const std::string& matrix_id) {
  v1::Matrix matrix;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(matrix, SelectMatrix(tx, matrix_id));
    QF_RETURN_IF_ERROR(AddRunning(tx, matrix));
    QF_RETURN_IF_ERROR(AddUnmatched(tx, matrix));
    QF_RETURN_IF_ERROR(AddReluctant(tx, matrix));
    QF_RETURN_IF_ERROR(AddExpansion(tx, matrix));
    return AddSecondsLeft(tx, matrix);
  }));
  return matrix;
}

Result<v1::ListMatricesResponse> ListMatrices(Connection& db,
                                              const v1::ListMatricesRequest& request) {
  v1::ListMatricesResponse response;
  const uint32_t size = request.page_size() == 0 ? 50 : std::min(request.page_size(), 500U);
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(std::string(kSelectMatrix) + R"(
      WHERE $1 = '' OR (m.create_time, m.matrix_id) < (SELECT create_time, matrix_id FROM matrix WHERE matrix_id = $1)
      ORDER BY m.create_time DESC, m.matrix_id DESC LIMIT $2)",
                                                  {request.page_token(), size + 1}));
    for (const auto& row : rows) {
      if (static_cast<uint32_t>(response.matrices_size()) == size) {
        response.set_next_page_token(response.matrices(response.matrices_size() - 1).matrix_id());
        break;
      }
      *response.add_matrices() = MatrixFrom(row);
    }
    return OkStatus();
  }));
  return response;
}

}  // namespace quantfleet::postgres
