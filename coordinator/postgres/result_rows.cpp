// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/result_rows.hpp"

#include <vector>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/digest.hpp"

namespace quantfleet::postgres {
namespace {

// All rounds in one statement. An array of arrays would have to be rectangular: each round's
// samples travel as the text of their own array.
Status InsertRounds(Transaction& tx, int64_t block_key, const v1::Measurement& measurement) {
  std::vector<int64_t> numbers, positions;
  std::vector<std::string> seconds;
  for (const v1::Round& round : measurement.rounds()) {
    numbers.push_back(round.number());
    positions.push_back(round.position());
    const std::vector<double> samples(round.seconds().begin(), round.seconds().end());
    seconds.push_back(*Parameter::Array(samples).text());
  }
  if (numbers.empty()) return OkStatus();
  return tx
      .Query(R"(
    INSERT INTO sample (block_id, arm_index, round, position, seconds)
    SELECT $1, $2, round, position, seconds::float8[]
    FROM unnest($3::integer[], $4::integer[], $5::text[]) AS given (round, position, seconds))",
             {block_key, measurement.arm_index(), Parameter::Array(numbers),
              Parameter::Array(positions), Parameter::Array(seconds)})
      .status();
}

Status InsertMeasurement(Transaction& tx, int64_t block_key, const v1::BlockArm& arm,
                         const v1::Measurement& measurement) {
  v1::Measurement detail = measurement;
  detail.clear_rounds();
  const Parameter median = measurement.has_summary()
                               ? Parameter(measurement.summary().median_seconds())
                               : Parameter(std::nullopt);
  QF_RETURN_IF_ERROR(
      tx.Query(R"(
    INSERT INTO measurement (block_id, arm_index, arm_id, role, format, kernel, outcome, grade, median_seconds,
                             weight_bytes, detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))",
               {block_key, measurement.arm_index(), measurement.arm_id(),
                v1::ArmRole_Name(arm.role()), arm.spec().format(), arm.spec().kernel(),
                v1::Outcome_Name(measurement.outcome()), v1::Grade_Name(measurement.grade()),
                median, measurement.weight_bytes(), Parameter::Bytes(detail.SerializeAsString())})
          .status());
  return InsertRounds(tx, block_key, measurement);
}

Status InsertRatio(Transaction& tx, int64_t block_key, uint32_t arm_index, const v1::Ratio& ratio) {
  return tx
      .Query(R"(
    INSERT INTO ratio (block_id, arm_index, ratio, low, high, minimum_detectable_effect, verdict, reason, rounds)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))",
             {block_key, arm_index, ratio.ratio(), ratio.low(), ratio.high(),
              ratio.minimum_detectable_effect(), v1::Verdict_Name(ratio.verdict()), ratio.reason(),
              ratio.rounds()})
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

Status InsertResult(Transaction& tx, int64_t block_key, const v1::Block& block,
                    const std::string& session_id, const v1::BlockResult& result,
                    const std::string& digest, const RatiosByArm& ratios) {
  v1::BlockResult header = result;
  header.clear_measurements();
  // The ceilings behind a number are those of the session that ran it, which may not be the one
  // that hands it in.
  QF_RETURN_IF_ERROR(tx.Query(R"(
    INSERT INTO block_result (block_id, epoch, digest, run_id, session_id, run_seconds, header)
    SELECT $1, $2, $3, $4,
           coalesce((SELECT session_id FROM attempt WHERE block_id = $1 AND epoch = $2), $5), $6, $7)",
                              {block_key, result.epoch(), digest, result.run_id(), session_id,
                               result.run_seconds(), Parameter::Bytes(header.SerializeAsString())})
                         .status());
  for (int i = 0; i < result.measurements_size(); ++i) {
    QF_RETURN_IF_ERROR(InsertMeasurement(tx, block_key, block.arms(i), result.measurements(i)));
  }
  for (const auto& [arm_index, ratio] : ratios) {
    QF_RETURN_IF_ERROR(InsertRatio(tx, block_key, arm_index, ratio));
  }
  return OkStatus();
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
