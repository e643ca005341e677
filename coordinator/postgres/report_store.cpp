// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/report_store.hpp"

#include <cmath>

#include "coordinator/analysis/comparison.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/result_check.hpp"
#include "coordinator/postgres/result_rows.hpp"

namespace quantfleet::postgres {
namespace {

struct BlockRow {
  int64_t key = 0;
  std::string matrix_id;
  std::string state;
  std::string matrix_state;
  uint64_t epoch = 0;
};

v1::ReportVerdict Verdict(const std::string& block_id, uint64_t epoch, v1::Disposition disposition,
                          std::string reason) {
  v1::ReportVerdict verdict;
  verdict.set_block_id(block_id);
  verdict.set_epoch(epoch);
  verdict.set_disposition(disposition);
  verdict.set_reason(std::move(reason));
  return verdict;
}

// What never changes about a block, without a lock; nullopt if there is no such block.
Result<std::optional<v1::Block>> LoadSpec(Connection& db, const std::string& block_id) {
  std::optional<v1::Block> spec;
  const auto key = ParseBlockId(block_id);
  if (!key) return spec;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto rows,
                        tx.Query("SELECT spec FROM block WHERE block_id = $1", {*key}));
    spec.reset();
    if (rows.empty()) return OkStatus();
    spec.emplace().ParseFromString(FromBytea(rows[0][0]));
    spec->set_block_id(block_id);
    return OkStatus();
  }));
  return spec;
}

// Locks matrix, then block: the order everywhere.
Result<std::optional<BlockRow>> LockBlock(Transaction& tx, const std::string& block_id) {
  const auto key = ParseBlockId(block_id);
  if (!key) return std::optional<BlockRow>();
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    WITH m AS MATERIALIZED (
      SELECT matrix_id, state FROM matrix
      WHERE matrix_id = (SELECT matrix_id FROM block WHERE block_id = $1) FOR UPDATE)
    SELECT b.matrix_id, b.state, m.state, b.epoch FROM block b JOIN m USING (matrix_id)
    WHERE b.block_id = $1 FOR UPDATE OF b)",
                                                {*key}));
  if (rows.empty()) return std::optional<BlockRow>();
  BlockRow row;
  row.key = *key;
  row.matrix_id = rows[0][0].as<std::string>();
  row.state = rows[0][1].as<std::string>();
  row.matrix_state = rows[0][2].as<std::string>();
  row.epoch = rows[0][3].as<uint64_t>();
  return std::optional<BlockRow>(std::move(row));
}

// Takes the block's lease and place in the queue away, and closes its attempt.
Status Release(Transaction& tx, const BlockRow& row, const std::string& outcome,
               const std::string& reason) {
  QF_RETURN_IF_ERROR(tx.Query("DELETE FROM lease WHERE block_id = $1", {row.key}).status());
  QF_RETURN_IF_ERROR(tx.Query("DELETE FROM ready WHERE block_id = $1", {row.key}).status());
  return tx
      .Query(R"(
    UPDATE attempt SET end_time = clock_timestamp(), outcome = $3, reason = $4
    WHERE block_id = $1 AND epoch = $2)",
             {row.key, row.epoch, outcome, reason})
      .status();
}

Status SetState(Transaction& tx, const BlockRow& row, const std::string& state,
                const std::string& reason) {
  return tx
      .Query("UPDATE block SET state = $2, reason = $3 WHERE block_id = $1",
             {row.key, state, reason})
      .status();
}

// Ends the block, and the matrix when it was the last one.
Status CloseBlock(Transaction& tx, const BlockRow& row, const std::string& state,
                  const std::string& outcome, const std::string& reason) {
  QF_RETURN_IF_ERROR(Release(tx, row, outcome, reason));
  QF_RETURN_IF_ERROR(SetState(tx, row, state, reason));
  return EndMatrixIfOver(tx, row.matrix_id);
}

// Back to the queue after a failure that the budget still allows.
Status QueueAgain(Transaction& tx, const BlockRow& row, const std::string& reason,
                  double delay_seconds) {
  QF_RETURN_IF_ERROR(Release(tx, row, "failed", reason));
  QF_RETURN_IF_ERROR(SetState(tx, row, "ready", reason));
  QF_RETURN_IF_ERROR(
      tx.Query("UPDATE matrix SET version = version + 1 WHERE matrix_id = $1", {row.matrix_id})
          .status());
  QF_ASSIGN_OR_RETURN(const auto failed,
                      tx.Query("SELECT session_id FROM attempt WHERE block_id = $1 AND epoch = $2",
                               {row.key, row.epoch}));
  return QueueBlocks(tx, {row.key}, delay_seconds, failed[0][0].as<std::string>());
}

struct Decision {
  v1::Disposition disposition = v1::DISPOSITION_ACCEPTED;
  std::string reason;
};

Result<Decision> Decide(Transaction& tx, const BlockRow& row, const v1::BlockResult& result,
                        const std::string& digest) {
  QF_ASSIGN_OR_RETURN(
      const auto stored,
      tx.Query("SELECT epoch, digest FROM block_result WHERE block_id = $1", {row.key}));
  if (!stored.empty()) {
    if (stored[0][0].as<uint64_t>() != result.epoch())
      return Decision{v1::DISPOSITION_SUPERSEDED, "another grant's result was accepted"};
    if (stored[0][1].as<std::string>() == digest) return Decision{v1::DISPOSITION_DUPLICATE, ""};
    return Decision{v1::DISPOSITION_CONFLICT, "another result of this grant was accepted"};
  }
  if (row.state == "cancelled" || row.matrix_state == "cancelled")
    return Decision{v1::DISPOSITION_CANCELLED, "the matrix was cancelled"};
  // A lease that ran out is no loss while nobody else has the block.
  const bool current =
      result.epoch() == row.epoch && (row.state == "leased" || row.state == "ready");
  if (row.state == "failed") return Decision{v1::DISPOSITION_SUPERSEDED, "the block was given up"};
  if (!current) return Decision{v1::DISPOSITION_SUPERSEDED, "the block was granted again"};
  return Decision{};
}

}  // namespace

Result<v1::ReportVerdict> StoreResult(Connection& db, const std::string& session_id,
                                      const v1::BlockResult& result) {
  const std::string& id = result.block_id();
  const uint64_t epoch = result.epoch();
  QF_ASSIGN_OR_RETURN(const auto spec, LoadSpec(db, id));
  if (!spec) return Verdict(id, epoch, v1::DISPOSITION_UNKNOWN_BLOCK, "no such block");
  if (!Bigint(epoch)) return Verdict(id, epoch, v1::DISPOSITION_REJECTED, "no such token");
  if (std::string why = WhyRejected(*spec, result); !why.empty())
    return Verdict(id, epoch, v1::DISPOSITION_REJECTED, std::move(why));

  // Before the transaction: a bootstrap under its locks would hold up the whole matrix.
  const auto ratios = analysis::ComputeRatios(*spec, result);
  const std::string digest = DigestOf(result);
  v1::ReportVerdict verdict;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto row, LockBlock(tx, id));
    if (!row) return Internal("block " + id + " went away");
    QF_ASSIGN_OR_RETURN(const Decision decision, Decide(tx, *row, result, digest));
    verdict = Verdict(id, epoch, decision.disposition, decision.reason);
    switch (decision.disposition) {
      case v1::DISPOSITION_ACCEPTED:
        QF_RETURN_IF_ERROR(
            InsertResult(tx, row->key, *spec, PlainText(session_id), result, digest, ratios));
        return CloseBlock(tx, *row, "done", "accepted", "");
      case v1::DISPOSITION_DUPLICATE:
        return OkStatus();
      default:
        return InsertLate(tx, row->key, PlainText(session_id), result, digest,
                          v1::Disposition_Name(decision.disposition));
    }
  }));
  return verdict;
}

Result<v1::ReportVerdict> StoreFailure(Connection& db, const v1::BlockFailure& failure,
                                       const LeasePolicy& policy) {
  const std::string reason = PlainText(failure.reason());
  v1::ReportVerdict verdict;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto row, LockBlock(tx, failure.block_id()));
    verdict = Verdict(failure.block_id(), failure.epoch(), v1::DISPOSITION_UNKNOWN_BLOCK,
                      "no such block");
    if (!row) return OkStatus();
    verdict.set_disposition(v1::DISPOSITION_SUPERSEDED);
    verdict.set_reason("the lease is gone");
    if (row->epoch != failure.epoch() || row->state != "leased") return OkStatus();
    verdict.set_disposition(v1::DISPOSITION_ACCEPTED);
    verdict.set_reason("");
    QF_ASSIGN_OR_RETURN(
        const auto counted,
        tx.Query("UPDATE block SET failures = failures + 1 WHERE block_id = $1 RETURNING failures",
                 {row->key}));
    const int failures = counted[0][0].as<int>();
    if (failures >= policy.max_failures) return CloseBlock(tx, *row, "failed", "failed", reason);
    return QueueAgain(tx, *row, reason, policy.retry_seconds * std::exp2(failures - 1));
  }));
  return verdict;
}

}  // namespace quantfleet::postgres
