// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/report/result_rows.hpp"

#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/digest.hpp"

namespace quantfleet::postgres {
namespace {

// Columns of many rows, each an array for unnest.
using Numbers = std::vector<int64_t>;
using Texts = std::vector<std::string>;
using Doubles = std::vector<double>;

// An array of arrays would have to be rectangular: each round's samples travel as the text of their
// own array.
Status InsertRounds(Transaction& tx, const std::vector<ResultRow>& rows) {
  Numbers blocks, arms, numbers, positions;
  Texts seconds;
  for (const ResultRow& row : rows) {
    for (const v1::Measurement& measurement : row.result->measurements()) {
      for (const v1::Round& round : measurement.rounds()) {
        blocks.push_back(row.block_key);
        arms.push_back(measurement.arm_index());
        numbers.push_back(round.number());
        positions.push_back(round.position());
        const Doubles samples(round.seconds().begin(), round.seconds().end());
        seconds.push_back(*Parameter::Array(samples).text());
      }
    }
  }
  if (blocks.empty()) return OkStatus();
  return tx
      .Query(R"(
    INSERT INTO sample (block_id, arm_index, round, position, seconds)
    SELECT block_id, arm_index, round, position, seconds::float8[]
    FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::text[])
      AS given (block_id, arm_index, round, position, seconds))",
             {Parameter::Array(blocks), Parameter::Array(arms), Parameter::Array(numbers),
              Parameter::Array(positions), Parameter::Array(seconds)})
      .status();
}

struct MeasurementColumns {
  Numbers blocks, arms, weight_bytes;
  Texts arm_ids, roles, formats, kernels, outcomes, grades, medians, details;

  void Add(int64_t block_key, const v1::BlockArm& arm, const v1::Measurement& measurement) {
    v1::Measurement detail = measurement;
    detail.clear_rounds();
    blocks.push_back(block_key);
    arms.push_back(measurement.arm_index());
    weight_bytes.push_back(static_cast<int64_t>(measurement.weight_bytes()));
    arm_ids.push_back(measurement.arm_id());
    roles.push_back(v1::ArmRole_Name(arm.role()));
    formats.push_back(arm.spec().format());
    kernels.push_back(arm.spec().kernel());
    outcomes.push_back(v1::Outcome_Name(measurement.outcome()));
    grades.push_back(v1::Grade_Name(measurement.grade()));
    medians.push_back(
        measurement.has_summary() ? *Parameter(measurement.summary().median_seconds()).text() : "");
    details.push_back(detail.SerializeAsString());
  }
};

Status InsertMeasurements(Transaction& tx, const std::vector<ResultRow>& rows) {
  MeasurementColumns all;
  for (const ResultRow& row : rows) {
    for (int i = 0; i < row.result->measurements_size(); ++i) {
      all.Add(row.block_key, row.block->arms(i), row.result->measurements(i));
    }
  }
  if (all.blocks.empty()) return OkStatus();
  return tx
      .Query(
          R"(
    INSERT INTO measurement (block_id, arm_index, arm_id, role, format, kernel, outcome, grade, median_seconds,
                             weight_bytes, detail)
    SELECT block_id, arm_index, arm_id, role, format, kernel, outcome, grade, nullif(median, '')::float8, weight_bytes,
           detail
    FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::bigint[], $11::bytea[])
      AS given (block_id, arm_index, arm_id, role, format, kernel, outcome, grade, median, weight_bytes, detail))",
          {Parameter::Array(all.blocks), Parameter::Array(all.arms), Parameter::Array(all.arm_ids),
           Parameter::Array(all.roles), Parameter::Array(all.formats),
           Parameter::Array(all.kernels), Parameter::Array(all.outcomes),
           Parameter::Array(all.grades), Parameter::Array(all.medians),
           Parameter::Array(all.weight_bytes), Parameter::BytesArray(all.details)})
      .status();
}

Status InsertRatios(Transaction& tx, const std::vector<ResultRow>& rows) {
  Numbers blocks, arms, rounds;
  Doubles ratios, lows, highs, effects;
  Texts verdicts, reasons;
  for (const ResultRow& row : rows) {
    for (const auto& [arm_index, ratio] : *row.ratios) {
      blocks.push_back(row.block_key);
      arms.push_back(arm_index);
      ratios.push_back(ratio.ratio());
      lows.push_back(ratio.low());
      highs.push_back(ratio.high());
      effects.push_back(ratio.minimum_detectable_effect());
      verdicts.push_back(v1::Verdict_Name(ratio.verdict()));
      reasons.push_back(ratio.reason());
      rounds.push_back(ratio.rounds());
    }
  }
  if (blocks.empty()) return OkStatus();
  return tx
      .Query(R"(
    INSERT INTO ratio (block_id, arm_index, ratio, low, high, minimum_detectable_effect, verdict, reason, rounds)
    SELECT * FROM unnest($1::bigint[], $2::integer[], $3::float8[], $4::float8[], $5::float8[], $6::float8[],
                         $7::text[], $8::text[], $9::integer[]))",
             {Parameter::Array(blocks), Parameter::Array(arms), Parameter::Array(ratios),
              Parameter::Array(lows), Parameter::Array(highs), Parameter::Array(effects),
              Parameter::Array(verdicts), Parameter::Array(reasons), Parameter::Array(rounds)})
      .status();
}

Status InsertHeaders(Transaction& tx, const std::vector<ResultRow>& rows) {
  Numbers blocks, epochs;
  Texts digests, runs, sessions, headers;
  Doubles seconds;
  for (const ResultRow& row : rows) {
    v1::BlockResult header;
    header.set_block_id(row.result->block_id());
    header.set_epoch(row.result->epoch());
    header.set_run_id(row.result->run_id());
    header.set_run_seconds(row.result->run_seconds());
    *header.mutable_fingerprint() = row.result->fingerprint();
    // What agents of a later version say besides.
    header.GetReflection()->MutableUnknownFields(&header)->MergeFrom(
        row.result->GetReflection()->GetUnknownFields(*row.result));
    blocks.push_back(row.block_key);
    epochs.push_back(static_cast<int64_t>(row.result->epoch()));
    digests.push_back(*row.digest);
    runs.push_back(row.result->run_id());
    sessions.push_back(row.session_id);
    seconds.push_back(row.result->run_seconds());
    headers.push_back(header.SerializeAsString());
  }
  return tx
      .Query(R"(
    INSERT INTO block_result (block_id, epoch, digest, run_id, session_id, run_seconds, header)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::bytea[]))",
             {Parameter::Array(blocks), Parameter::Array(epochs), Parameter::Array(digests),
              Parameter::Array(runs), Parameter::Array(sessions), Parameter::Array(seconds),
              Parameter::BytesArray(headers)})
      .status();
}

}  // namespace

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

Status InsertResults(Transaction& tx, const std::vector<ResultRow>& rows) {
  QF_RETURN_IF_ERROR(InsertHeaders(tx, rows));
  QF_RETURN_IF_ERROR(InsertMeasurements(tx, rows));
  QF_RETURN_IF_ERROR(InsertRounds(tx, rows));
  return InsertRatios(tx, rows);
}

Status InsertLate(Transaction& tx, int64_t block_key, const std::string& session_id,
                  const v1::BlockResult& result, const std::string& digest,
                  const std::string& why) {
  return tx
      .Query(R"(
    INSERT INTO late_result (block_id, epoch, digest, session_id, why, result)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING)",
             {block_key, result.epoch(), digest, session_id, why,
              Parameter::Bytes(result.SerializeAsString())})
      .status();
}

}  // namespace quantfleet::postgres
