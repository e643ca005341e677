// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/matrix_store.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/expansion/block_rows.hpp"
#include "coordinator/postgres/expansion/expand.hpp"
#include "coordinator/postgres/expansion/feed.hpp"
#include "coordinator/postgres/expansion/join.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/matrix_view.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "coordinator/postgres/search/search_rows.hpp"

namespace quantfleet::postgres {
namespace {

constexpr size_t kBlocksAStatement = 2000;

// Stores the blocks of the submission, and what is to be made later.
Status InsertBlocks(Transaction& tx, const std::string& matrix_id, const Submission& submission) {
  ClassIds classes;
  uint64_t arms = 0;
  for (size_t next = 0; next < submission.blocks.size();) {
    BlockRows rows;
    for (; next < submission.blocks.size() && rows.blocks() < kBlocksAStatement; ++next) {
      const matrix::PlannedBlock& planned = submission.blocks[next];
      QF_ASSIGN_OR_RETURN(const int64_t class_id, classes.Of(tx, planned.requirement));
      rows.Add(planned.block, class_id);
    }
    QF_RETURN_IF_ERROR(rows.Insert(tx, matrix_id));
    arms += rows.arms();
  }
  if (!submission.plan) return OkStatus();
  const matrix::Plan& plan = *submission.plan;
  const bool may_grow = !plan.joins.empty() || !plan.search_axis.empty();
  if (plan.blocks == submission.blocks.size() && !may_grow) return OkStatus();
  QF_RETURN_IF_ERROR(BeginExpansion(tx, matrix_id, plan, submission.blocks.size(), arms, classes));
  QF_RETURN_IF_ERROR(OpenJoining(tx, matrix_id, plan, classes));
  return OpenSearch(tx, matrix_id, plan);
}

}  // namespace

Result<std::vector<scheduler::DeviceFacts>> ListDevices(Connection& db) {
  std::vector<scheduler::DeviceFacts> devices;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(devices, OpenDevices(tx));
    return OkStatus();
  }));
  return devices;
}

namespace {

Result<std::optional<v1::Matrix>> Find(Transaction& tx, const Submission& submission) {
  QF_ASSIGN_OR_RETURN(
      const auto known,
      tx.Query(
          "SELECT matrix_id, document_sha256 FROM matrix WHERE principal = $1 AND request_id = $2",
          {submission.principal, submission.request_id}));
  if (known.empty()) return std::optional<v1::Matrix>();
  const auto matrix_id = known[0][0].as<std::string>();
  if (known[0][1].as<std::string>() != Sha256Hex(submission.document)) {
    return AlreadyExists("request id " + submission.request_id +
                         " was used for another document, matrix " + matrix_id);
  }
  QF_ASSIGN_OR_RETURN(v1::Matrix matrix, SelectMatrix(tx, matrix_id));
  return std::optional<v1::Matrix>(std::move(matrix));
}

}  // namespace

Result<std::optional<v1::Matrix>> FindSubmission(Connection& db, const Submission& submission) {
  std::optional<v1::Matrix> found;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(found, Find(tx, submission));
    return OkStatus();
  }));
  return found;
}

namespace {

uint64_t ArmsOf(const Submission& submission) {
  if (submission.plan) return submission.plan->arms;
  uint64_t arms = 0;
  for (const auto& block : submission.blocks)
    arms += static_cast<uint64_t>(block.block.arms_size());
  return arms;
}

// The matrix's state, locked; NotFound without one.
Result<std::string> LockMatrix(Transaction& tx, const std::string& matrix_id,
                               const access::Actor& actor, std::string* owner) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT state, principal FROM matrix WHERE matrix_id = $1 FOR UPDATE", {matrix_id}));
  if (rows.empty()) return NotFound("no matrix has the id " + matrix_id);
  *owner = rows[0][1].as<std::string>();
  if (access::MayTouch(actor, *owner)) return rows[0][0].as<std::string>();
  return access::PermissionDenied("matrix " + matrix_id + " is " + *owner +
                                  "'s; an operator may touch it");
}

}  // namespace

Result<SubmitOutcome> SubmitMatrix(Connection& db, const Submission& submission) {
  SubmitOutcome outcome;
  const std::string fresh = RandomId("mtx_");
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(LockMatching(tx));
    QF_ASSIGN_OR_RETURN(auto known, Find(tx, submission));
    outcome.already_existed = known.has_value();
    if (known) {
      outcome.matrix = *std::move(known);
      return OkStatus();
    }
    if (submission.quota) {
      QF_RETURN_IF_ERROR(
          CheckQuota(tx, submission.principal, *submission.quota, ArmsOf(submission), 1));
    }
    QF_RETURN_IF_ERROR(
        tx.Query(R"(
        INSERT INTO matrix (matrix_id, principal, request_id, name, document, document_sha256, priority, state,
                            blocks_open)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8))",
                 {fresh, submission.principal, submission.request_id, submission.name,
                  submission.document, Sha256Hex(submission.document), submission.priority,
                  submission.plan ? submission.plan->blocks : submission.blocks.size()})
            .status());
    QF_RETURN_IF_ERROR(InsertBlocks(tx, fresh, submission));
    QF_RETURN_IF_ERROR(WriteAudit(tx, {submission.principal, submission.role, submission.peer},
                                  "SubmitMatrix", fresh, submission.name));
    QF_ASSIGN_OR_RETURN(outcome.matrix, SelectMatrix(tx, fresh));
    return OkStatus();
  }));
  return outcome;
}

namespace {

// Pending blocks, which nobody can be granted now, are left to SettleCancelled. The locks come in
// statements of their own: a claim that commits while we wait for one has put a
// lease where only a later statement sees it.
Status CancelBlocks(Transaction& tx, const std::string& matrix_id) {
  for (
      const char* statement :
      {R"(SELECT count(*) FROM (
             SELECT 1 FROM block WHERE matrix_id = $1 AND state IN ('ready', 'leased')
             ORDER BY block_id FOR UPDATE) AS locked)",
       R"(DELETE FROM ready USING block b WHERE b.matrix_id = $1 AND ready.block_id = b.block_id)",
       R"(DELETE FROM lease USING block b WHERE b.matrix_id = $1 AND lease.block_id = b.block_id)",
       R"(UPDATE attempt SET end_time = clock_timestamp(), outcome = 'cancelled' FROM block b
           WHERE b.matrix_id = $1 AND b.state = 'leased' AND attempt.block_id = b.block_id
             AND attempt.epoch = b.epoch)",
       // The higher epoch fences whoever still runs a block.
       R"(UPDATE block SET state = 'cancelled', epoch = epoch + 1
           WHERE matrix_id = $1 AND state IN ('ready', 'leased'))",
       "UPDATE expansion SET state = 'stopped' WHERE matrix_id = $1 AND state = 'running'",
       R"(UPDATE matrix SET state = 'cancelled', end_time = clock_timestamp(), version = version + 1, blocks_open = 0
           WHERE matrix_id = $1)"}) {
    QF_RETURN_IF_ERROR(tx.Query(statement, {matrix_id}).status());
  }
  return OkStatus();
}

}  // namespace

Result<v1::Matrix> CancelMatrix(Connection& db, const std::string& matrix_id,
                                const access::Actor& actor) {
  v1::Matrix matrix;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    std::string owner;
    QF_ASSIGN_OR_RETURN(const std::string state, LockMatrix(tx, matrix_id, actor, &owner));
    if (state == "running") {
      QF_RETURN_IF_ERROR(CancelBlocks(tx, matrix_id));
      QF_RETURN_IF_ERROR(WriteAudit(tx, actor, "CancelMatrix", matrix_id));
    }
    QF_ASSIGN_OR_RETURN(matrix, SelectMatrix(tx, matrix_id));
    return OkStatus();
  }));
  return matrix;
}

namespace {

Status KeepAsHistory(Transaction& tx, int64_t block_id) {
  const auto result = LoadResult(tx, block_id);
  if (result.status().code() == StatusCode::kNotFound) return OkStatus();
  QF_RETURN_IF_ERROR(result.status());
  return tx
      .Query(R"(
    INSERT INTO late_result (block_id, epoch, digest, session_id, why, result)
    SELECT block_id, epoch, digest, session_id, 'RETRIED', $2 FROM block_result WHERE block_id = $1
    ON CONFLICT DO NOTHING)",
             {block_id, Parameter::Bytes(result->SerializeAsString())})
      .status();
}

// Accepted results move to the history, so that a block still has at most one; the epoch's growth
// fences old runs. The blocks go through the feed, and what comes first of them into the queue.
Status QueueForRetry(Transaction& tx, const std::string& matrix_id,
                     const std::vector<int64_t>& ids) {
  for (const int64_t id : ids) QF_RETURN_IF_ERROR(KeepAsHistory(tx, id));
  const auto queued = static_cast<std::ptrdiff_t>(std::min<size_t>(ids.size(), kMostQueued));
  const std::vector<int64_t> first(ids.begin(), ids.begin() + queued);
  const Parameter chosen = Parameter::Array(ids);
  for (const char* statement : {"DELETE FROM ratio WHERE block_id = ANY($1::bigint[])",
                                "DELETE FROM arm_samples WHERE block_id = ANY($1::bigint[])",
                                "DELETE FROM sample WHERE block_id = ANY($1::bigint[])",
                                "DELETE FROM measurement WHERE block_id = ANY($1::bigint[])",
                                "DELETE FROM block_result WHERE block_id = ANY($1::bigint[])"}) {
    QF_RETURN_IF_ERROR(tx.Query(statement, {chosen}).status());
  }
  QF_RETURN_IF_ERROR(tx.Query(R"(
    WITH again AS (
      UPDATE block SET state = CASE WHEN block_id = ANY($3::bigint[]) THEN 'ready' ELSE 'pending' END,
                       epoch = epoch + 1, failures = 0, losing_sessions = 0, reason = ''
      WHERE block_id = ANY($2::bigint[]) RETURNING class_id, ordinal, state)
    INSERT INTO feed (matrix_id, class_id, next_ordinal)
    SELECT $1, class_id, min(ordinal) FROM again WHERE state = 'pending' GROUP BY class_id
    ON CONFLICT (matrix_id, class_id) DO UPDATE SET next_ordinal = least(feed.next_ordinal, excluded.next_ordinal))",
                              {matrix_id, chosen, Parameter::Array(first)})
                         .status());
  QF_RETURN_IF_ERROR(QueueBlocks(tx, first));
  // What is measured anew may ask for other points.
  QF_RETURN_IF_ERROR(
      tx.Query("UPDATE search SET is_open = true WHERE matrix_id = $1", {matrix_id}).status());
  return tx
      .Query(R"(
    UPDATE matrix SET state = 'running', end_time = NULL, version = version + 1, blocks_open = blocks_open + $2
    WHERE matrix_id = $1)",
             {matrix_id, static_cast<int64_t>(ids.size())})
      .status();
}

// Of a cancelled matrix: what was still pending is cancelled, too, and with `all` to be retried the
// expansion goes on. Arms that it is then to make.
Result<uint64_t> SettleForRetry(Transaction& tx, const std::string& matrix_id, bool all) {
  QF_RETURN_IF_ERROR(
      tx.Query("UPDATE block SET state = 'cancelled' WHERE matrix_id = $1 AND state = 'pending'",
               {matrix_id})
          .status());
  if (!all) return uint64_t{0};
  QF_ASSIGN_OR_RETURN(const auto left, tx.Query(R"(
    WITH resumed AS (
      UPDATE expansion SET state = 'running', not_before = '-infinity' WHERE matrix_id = $1 AND state = 'stopped'
      RETURNING blocks_total - blocks_made AS blocks, arms_total - arms_made AS arms),
    opened AS (
      UPDATE matrix SET blocks_open = blocks_open + resumed.blocks FROM resumed WHERE matrix_id = $1)
    SELECT arms FROM resumed)",
                                                {matrix_id}));
  return left.empty() ? 0 : left[0][0].as<uint64_t>();
}

Status CheckNotArchived(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT 1 FROM matrix WHERE matrix_id = $1 AND archive_time IS NOT NULL",
               {matrix_id}));
  if (rows.empty()) return OkStatus();
  return FailedPrecondition("matrix " + matrix_id +
                            " is being archived; restore it from its archive to retry it");
}

}  // namespace

Result<v1::RetryMatrixResponse> RetryMatrix(Connection& db, const v1::RetryMatrixRequest& request,
                                            const access::Actor& actor,
                                            const std::optional<Quota>& quota) {
  v1::RetryMatrixResponse response;
  const std::string& matrix_id = request.matrix_id();
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    std::string owner;
    QF_ASSIGN_OR_RETURN(const std::string state, LockMatrix(tx, matrix_id, actor, &owner));
    QF_RETURN_IF_ERROR(CheckNotArchived(tx, matrix_id));
    uint64_t arms = 0;
    if (state == "cancelled") {
      QF_ASSIGN_OR_RETURN(arms, SettleForRetry(tx, matrix_id, !request.failed_only()));
    }
    QF_ASSIGN_OR_RETURN(const auto chosen, tx.Query(R"(
      SELECT block_id, arms FROM block b WHERE matrix_id = $1 AND state IN ('done', 'failed', 'cancelled')
        AND (NOT $2 OR state = 'failed' OR EXISTS (
          SELECT 1 FROM measurement m WHERE m.block_id = b.block_id
            AND m.outcome NOT IN ('OUTCOME_MEASURED', 'OUTCOME_UNSUPPORTED')))
      ORDER BY block_id FOR UPDATE)",
                                                    {matrix_id, request.failed_only()}));
    std::vector<int64_t> ids;
    for (const auto& row : chosen) {
      ids.push_back(row[0].as<int64_t>());
      arms += row[1].as<uint64_t>();
    }
    if (quota && !ids.empty())
      QF_RETURN_IF_ERROR(CheckQuota(tx, owner, *quota, arms, state == "running" ? 0 : 1));
    if (!ids.empty()) {
      QF_RETURN_IF_ERROR(QueueForRetry(tx, matrix_id, ids));
      QF_RETURN_IF_ERROR(
          WriteAudit(tx, actor, "RetryMatrix", matrix_id, std::to_string(ids.size()) + " blocks"));
    }
    response.set_blocks_queued(static_cast<uint32_t>(ids.size()));
    QF_ASSIGN_OR_RETURN(*response.mutable_matrix(), SelectMatrix(tx, matrix_id));
    return OkStatus();
  }));
  return response;
}

}  // namespace quantfleet::postgres
