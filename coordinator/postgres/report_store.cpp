// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/report_store.hpp"

#include <cmath>
#include <set>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/digest.hpp"
#include "coordinator/analysis/comparison.hpp"

namespace quantfleet::postgres {
namespace {

struct BlockRow {
  std::string matrix_id;
  std::string state;
  std::string matrix_state;
  uint64_t epoch = 0;
  v1::Block spec;
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

// Of the deterministic serialisation: maps come in the order of their keys.
std::string DigestOf(const v1::BlockResult& result) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    result.SerializeToCodedStream(&coded);
  }
  return Sha256Hex(bytes);
}

// Locks matrix, then block: the order everywhere.
Result<std::optional<BlockRow>> LockBlock(Transaction& tx, const std::string& block_id) {
  const auto key = ParseBlockId(block_id);
  if (!key) return std::optional<BlockRow>();
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    WITH m AS MATERIALIZED (
      SELECT matrix_id, state FROM matrix
      WHERE matrix_id = (SELECT matrix_id FROM block WHERE block_id = $1) FOR UPDATE)
    SELECT b.matrix_id, b.state, m.state, b.epoch, b.spec FROM block b JOIN m USING (matrix_id)
    WHERE b.block_id = $1 FOR UPDATE OF b)",
                                                {*key}));
  if (rows.empty()) return std::optional<BlockRow>();
  BlockRow row;
  row.matrix_id = rows[0][0].as<std::string>();
  row.state = rows[0][1].as<std::string>();
  row.matrix_state = rows[0][2].as<std::string>();
  row.epoch = rows[0][3].as<uint64_t>();
  row.spec.ParseFromString(FromBytea(rows[0][4]));
  row.spec.set_block_id(block_id);
  return std::optional<BlockRow>(std::move(row));
}

// Empty if the result fits the block; a result is input from outside.
std::string WhyRejected(const v1::Block& block, const v1::BlockResult& result) {
  if (result.measurements_size() != block.arms_size()) {
    return "has " + std::to_string(result.measurements_size()) + " measurements, the block has " +
           std::to_string(block.arms_size()) + " arms";
  }
  if (result.run_id().empty() || result.run_id().size() > 64) return "run_id is empty or too long";
  for (int i = 0; i < block.arms_size(); ++i) {
    const v1::Measurement& measurement = result.measurements(i);
    if (measurement.arm_index() != block.arms(i).index() ||
        measurement.arm_id() != block.arms(i).arm_id()) {
      return "measurement " + std::to_string(i) + " is not of arm " + std::to_string(i);
    }
    if (measurement.outcome() == v1::OUTCOME_UNSPECIFIED ||
        !v1::Outcome_IsValid(measurement.outcome())) {
      return "measurement " + std::to_string(i) + " has no outcome";
    }
    std::set<uint32_t> numbers;
    for (const v1::Round& round : measurement.rounds()) {
      if (!numbers.insert(round.number()).second) return "a round is there twice";
      for (const double seconds : round.seconds()) {
        if (!std::isfinite(seconds) || seconds <= 0) return "a sample is not a positive time";
      }
    }
    if (measurement.outcome() == v1::OUTCOME_MEASURED && numbers.empty())
      return "measured without a sample";
  }
  return "";
}

Status KeepLate(Transaction& tx, const std::string& session_id, const v1::BlockResult& result,
                const std::string& digest, const std::string& why) {
  return tx
      .Query(R"(
    INSERT INTO late_result (block_id, epoch, digest, session_id, why, result)
    VALUES ($1::bigint, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING)",
             {result.block_id(), result.epoch(), digest, session_id, why,
              Parameter::Bytes(result.SerializeAsString())})
      .status();
}

Status InsertMeasurement(Transaction& tx, const std::string& block_id, const v1::BlockArm& arm,
                         v1::Measurement measurement) {
  const v1::Measurement full = measurement;
  measurement.clear_rounds();
  QF_RETURN_IF_ERROR(
      tx.Query(R"(
    INSERT INTO measurement (block_id, arm_index, arm_id, role, format, kernel, outcome, grade, median_seconds,
                             weight_bytes, detail)
    VALUES ($1::bigint, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))",
               {block_id, measurement.arm_index(), measurement.arm_id(),
                v1::ArmRole_Name(arm.role()), arm.spec().format(), arm.spec().kernel(),
                v1::Outcome_Name(measurement.outcome()), v1::Grade_Name(measurement.grade()),
                measurement.has_summary() ? Parameter(measurement.summary().median_seconds())
                                          : Parameter(std::nullopt),
                measurement.weight_bytes(), Parameter::Bytes(measurement.SerializeAsString())})
          .status());
  for (const v1::Round& round : full.rounds()) {
    QF_RETURN_IF_ERROR(tx.Query("INSERT INTO sample (block_id, arm_index, round, position, "
                                "seconds) VALUES ($1::bigint, $2, $3, $4, $5)",
                                {block_id, full.arm_index(), round.number(), round.position(),
                                 Parameter::Array(std::vector<double>(round.seconds().begin(),
                                                                      round.seconds().end()))})
                           .status());
  }
  return OkStatus();
}

Status InsertRatios(Transaction& tx, const std::string& block_id,
                    const std::map<uint32_t, v1::Ratio>& ratios) {
  for (const auto& [index, ratio] : ratios) {
    QF_RETURN_IF_ERROR(tx.Query(R"(
      INSERT INTO ratio (block_id, arm_index, ratio, low, high, minimum_detectable_effect, verdict, reason, rounds)
      VALUES ($1::bigint, $2, $3, $4, $5, $6, $7, $8, $9))",
                                {block_id, index, ratio.ratio(), ratio.low(), ratio.high(),
                                 ratio.minimum_detectable_effect(),
                                 v1::Verdict_Name(ratio.verdict()), ratio.reason(), ratio.rounds()})
                           .status());
  }
  return OkStatus();
}

// Ends the block's lease and attempt, and the matrix when it was the last block.
Status CloseBlock(Transaction& tx, const BlockRow& row, const std::string& state,
                  const std::string& outcome, const std::string& reason) {
  const std::string& block_id = row.spec.block_id();
  QF_RETURN_IF_ERROR(
      tx.Query("DELETE FROM lease WHERE block_id = $1::bigint", {block_id}).status());
  QF_RETURN_IF_ERROR(
      tx.Query("DELETE FROM ready WHERE block_id = $1::bigint", {block_id}).status());
  QF_RETURN_IF_ERROR(
      tx.Query("UPDATE block SET state = $2, reason = $3 WHERE block_id = $1::bigint",
               {block_id, state, reason})
          .status());
  QF_RETURN_IF_ERROR(tx.Query(R"(
    UPDATE attempt SET end_time = clock_timestamp(), outcome = $3, reason = $4
    WHERE block_id = $1::bigint AND epoch = $2)",
                              {block_id, row.epoch, outcome, reason})
                         .status());
  return tx
      .Query(R"(
    UPDATE matrix SET version = version + 1,
      state = CASE WHEN state <> 'running' OR open THEN state WHEN failed THEN 'failed' ELSE 'completed' END,
      end_time = CASE WHEN state = 'running' AND NOT open THEN clock_timestamp() ELSE end_time END
    FROM (SELECT coalesce(bool_or(state IN ('ready', 'leased')), false) AS open,
                 coalesce(bool_or(state = 'failed'), false) AS failed FROM block WHERE matrix_id = $1) AS blocks
    WHERE matrix_id = $1)",
             {row.matrix_id})
      .status();
}

// Back to the queue after a failure that the budget still allows.
Status QueueAgain(Transaction& tx, const BlockRow& row, const std::string& reason) {
  const std::string& block_id = row.spec.block_id();
  QF_RETURN_IF_ERROR(
      tx.Query("DELETE FROM lease WHERE block_id = $1::bigint", {block_id}).status());
  QF_RETURN_IF_ERROR(
      tx.Query("UPDATE block SET state = 'ready', reason = $2 WHERE block_id = $1::bigint",
               {block_id, reason})
          .status());
  QF_RETURN_IF_ERROR(tx.Query(R"(
    UPDATE attempt SET end_time = clock_timestamp(), outcome = 'failed', reason = $3
    WHERE block_id = $1::bigint AND epoch = $2)",
                              {block_id, row.epoch, reason})
                         .status());
  return tx
      .Query(R"(
    INSERT INTO ready (block_id, class_id, band, sort_key)
    SELECT b.block_id, b.class_id, 9 - m.priority, extract(epoch FROM m.create_time)::bigint * 1000000 + b.ordinal
    FROM block b JOIN matrix m USING (matrix_id) WHERE b.block_id = $1::bigint)",
             {block_id})
      .status();
}

Status Accept(Transaction& tx, const std::string& session_id, const v1::BlockResult& result,
              const std::string& digest, const BlockRow& row,
              const std::map<uint32_t, v1::Ratio>& ratios) {
  v1::BlockResult header = result;
  header.clear_measurements();
  QF_RETURN_IF_ERROR(
      tx.Query(R"(
    INSERT INTO block_result (block_id, epoch, digest, run_id, session_id, run_seconds, header)
    VALUES ($1::bigint, $2, $3, $4, $5, $6, $7))",
               {result.block_id(), result.epoch(), digest, result.run_id(), session_id,
                result.run_seconds(), Parameter::Bytes(header.SerializeAsString())})
          .status());
  for (int i = 0; i < result.measurements_size(); ++i) {
    QF_RETURN_IF_ERROR(
        InsertMeasurement(tx, result.block_id(), row.spec.arms(i), result.measurements(i)));
  }
  QF_RETURN_IF_ERROR(InsertRatios(tx, result.block_id(), ratios));
  return CloseBlock(tx, row, "done", "accepted", "");
}

struct Decision {
  v1::Disposition disposition = v1::DISPOSITION_ACCEPTED;
  std::string reason;
};

Result<Decision> Decide(Transaction& tx, const BlockRow& row, const v1::BlockResult& result,
                        const std::string& digest) {
  QF_ASSIGN_OR_RETURN(const auto stored,
                      tx.Query("SELECT epoch, digest FROM block_result WHERE block_id = $1::bigint",
                               {result.block_id()}));
  if (!stored.empty()) {
    if (stored[0][0].as<uint64_t>() != result.epoch())
      return Decision{v1::DISPOSITION_SUPERSEDED, "another grant's result was accepted"};
    if (stored[0][1].as<std::string>() == digest) return Decision{v1::DISPOSITION_DUPLICATE, ""};
    return Decision{v1::DISPOSITION_CONFLICT, "another result of this grant was accepted"};
  }
  if (row.state == "cancelled" || row.matrix_state == "cancelled")
    return Decision{v1::DISPOSITION_CANCELLED, "the matrix was cancelled"};
  const bool current =
      result.epoch() == row.epoch && (row.state == "leased" || row.state == "ready");
  if (!current) return Decision{v1::DISPOSITION_SUPERSEDED, "the block was granted again"};
  if (std::string why = WhyRejected(row.spec, result); !why.empty())
    return Decision{v1::DISPOSITION_REJECTED, std::move(why)};
  return Decision{};
}

}  // namespace

Result<v1::ReportVerdict> StoreResult(Connection& db, const std::string& session_id,
                                      const v1::BlockResult& result) {
  const std::string digest = DigestOf(result);
  v1::ReportVerdict verdict;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto row, LockBlock(tx, result.block_id()));
    if (!row) {
      verdict = Verdict(result.block_id(), result.epoch(), v1::DISPOSITION_UNKNOWN_BLOCK,
                        "no such block");
      return OkStatus();
    }
    QF_ASSIGN_OR_RETURN(const Decision decision, Decide(tx, *row, result, digest));
    verdict = Verdict(result.block_id(), result.epoch(), decision.disposition, decision.reason);
    switch (decision.disposition) {
      case v1::DISPOSITION_ACCEPTED:
        return Accept(tx, session_id, result, digest, *row,
                      analysis::ComputeRatios(row->spec, result));
      case v1::DISPOSITION_DUPLICATE:
      case v1::DISPOSITION_REJECTED:
        return OkStatus();
      default:
        return KeepLate(tx, session_id, result, digest, v1::Disposition_Name(decision.disposition));
    }
  }));
  return verdict;
}

Result<v1::ReportVerdict> StoreFailure(Connection& db, const v1::BlockFailure& failure,
                                       int max_failures) {
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
    QF_ASSIGN_OR_RETURN(const auto counted,
                        tx.Query("UPDATE block SET failures = failures + 1 WHERE block_id = "
                                 "$1::bigint RETURNING failures",
                                 {failure.block_id()}));
    if (counted[0][0].as<int>() >= max_failures)
      return CloseBlock(tx, *row, "failed", "failed", failure.reason());
    return QueueAgain(tx, *row, failure.reason());
  }));
  return verdict;
}

}  // namespace quantfleet::postgres
