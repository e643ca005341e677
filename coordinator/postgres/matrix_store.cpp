// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/matrix_store.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/matrix_view.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/result_store.hpp"

namespace quantfleet::postgres {
namespace {

constexpr size_t kBlocksAStatement = 500;

Status InsertBlocks(Transaction& tx, const std::string& matrix_id,
                    const std::vector<matrix::PlannedBlock>& blocks, ClassIds& classes) {
  for (size_t begin = 0; begin < blocks.size(); begin += kBlocksAStatement) {
    std::vector<int64_t> ordinals, class_ids, arms;
    std::vector<std::string> targets, specs;
    for (size_t i = begin; i < std::min(blocks.size(), begin + kBlocksAStatement); ++i) {
      QF_ASSIGN_OR_RETURN(const int64_t class_id, classes.Of(tx, blocks[i].requirement));
      ordinals.push_back(static_cast<int64_t>(i));
      class_ids.push_back(class_id);
      arms.push_back(blocks[i].block.arms_size());
      targets.push_back(blocks[i].block.target());
      specs.push_back(blocks[i].block.SerializeAsString());
    }
    QF_ASSIGN_OR_RETURN(const auto made,
                        tx.Query(R"(
      INSERT INTO block (matrix_id, ordinal, class_id, target, arms, spec, state)
      SELECT $1, ordinal, class_id, target, arms, spec, 'ready'
      FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bytea[])
           AS given (ordinal, class_id, target, arms, spec)
      RETURNING block_id)",
                                 {matrix_id, Parameter::Array(ordinals),
                                  Parameter::Array(class_ids), Parameter::Array(targets),
                                  Parameter::Array(arms), Parameter::BytesArray(specs)}));
    QF_RETURN_IF_ERROR(QueueBlocks(tx, IdsOf(made)));
  }
  return OkStatus();
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

uint64_t ArmsOf(const std::vector<matrix::PlannedBlock>& blocks) {
  uint64_t arms = 0;
  for (const auto& block : blocks) arms += static_cast<uint64_t>(block.block.arms_size());
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
          CheckQuota(tx, submission.principal, *submission.quota, ArmsOf(submission.blocks), 1));
    }
    QF_RETURN_IF_ERROR(
        tx.Query(R"(
        INSERT INTO matrix (matrix_id, principal, request_id, name, document, document_sha256, priority, state,
                            blocks_open)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8))",
                 {fresh, submission.principal, submission.request_id, submission.name,
                  submission.document, Sha256Hex(submission.document), submission.priority,
                  static_cast<int64_t>(submission.blocks.size())})
            .status());
    ClassIds classes;
    QF_RETURN_IF_ERROR(InsertBlocks(tx, fresh, submission.blocks, classes));
    QF_RETURN_IF_ERROR(WriteAudit(tx, {submission.principal, submission.role, submission.peer},
                                  "SubmitMatrix", fresh, submission.name));
    QF_ASSIGN_OR_RETURN(outcome.matrix, SelectMatrix(tx, fresh));
    return OkStatus();
  }));
  return outcome;
}

namespace {

// The locks come in statements of their own: a claim that commits while we wait for one has put a
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
// fences old runs.
Status QueueForRetry(Transaction& tx, const std::string& matrix_id,
                     const std::vector<int64_t>& ids) {
  for (const int64_t id : ids) QF_RETURN_IF_ERROR(KeepAsHistory(tx, id));
  const Parameter chosen = Parameter::Array(ids);
  for (
      const char* statement :
      {"DELETE FROM ratio WHERE block_id = ANY($1::bigint[])",
       "DELETE FROM sample WHERE block_id = ANY($1::bigint[])",
       "DELETE FROM measurement WHERE block_id = ANY($1::bigint[])",
       "DELETE FROM block_result WHERE block_id = ANY($1::bigint[])",
       R"(UPDATE block SET state = 'ready', epoch = epoch + 1, failures = 0, losing_sessions = 0, reason = ''
           WHERE block_id = ANY($1::bigint[]))"}) {
    QF_RETURN_IF_ERROR(tx.Query(statement, {chosen}).status());
  }
  if (ids.empty()) return OkStatus();
  QF_RETURN_IF_ERROR(QueueBlocks(tx, ids));
  return tx
      .Query(R"(
    UPDATE matrix SET state = 'running', end_time = NULL, version = version + 1, blocks_open = blocks_open + $2
    WHERE matrix_id = $1)",
             {matrix_id, static_cast<int64_t>(ids.size())})
      .status();
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
    QF_ASSIGN_OR_RETURN(const auto chosen, tx.Query(R"(
      SELECT block_id, arms FROM block b WHERE matrix_id = $1 AND state IN ('done', 'failed', 'cancelled')
        AND (NOT $2 OR state = 'failed' OR EXISTS (
          SELECT 1 FROM measurement m WHERE m.block_id = b.block_id
            AND m.outcome NOT IN ('OUTCOME_MEASURED', 'OUTCOME_UNSUPPORTED')))
      ORDER BY block_id FOR UPDATE)",
                                                    {matrix_id, request.failed_only()}));
    std::vector<int64_t> ids;
    uint64_t arms = 0;
    for (const auto& row : chosen) {
      ids.push_back(row[0].as<int64_t>());
      arms += row[1].as<uint64_t>();
    }
    if (quota && !ids.empty())
      QF_RETURN_IF_ERROR(CheckQuota(tx, owner, *quota, arms, state == "running" ? 0 : 1));
    QF_RETURN_IF_ERROR(QueueForRetry(tx, matrix_id, ids));
    if (!ids.empty()) {
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
