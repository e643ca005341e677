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

struct HeaderColumns {
  Numbers blocks, epochs;
  Texts digests, runs, sessions, headers;
  Doubles seconds;

  void Add(const ResultRow& row) {
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
};

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

// An array of arrays would have to be rectangular: each arm's rounds travel as the texts of arrays
// of their own.
struct SampleColumns {
  Numbers blocks, arms;
  Texts rounds, positions, counts, seconds;

  void Add(int64_t block_key, const v1::Measurement& measurement) {
    if (measurement.rounds().empty()) return;
    Numbers number, position, count;
    Doubles samples;
    for (const v1::Round& round : measurement.rounds()) {
      number.push_back(round.number());
      position.push_back(round.position());
      count.push_back(round.seconds_size());
      samples.insert(samples.end(), round.seconds().begin(), round.seconds().end());
    }
    blocks.push_back(block_key);
    arms.push_back(measurement.arm_index());
    rounds.push_back(*Parameter::Array(number).text());
    positions.push_back(*Parameter::Array(position).text());
    counts.push_back(*Parameter::Array(count).text());
    seconds.push_back(*Parameter::Array(samples).text());
  }
};

struct RatioColumns {
  Numbers blocks, arms, rounds;
  Doubles ratios, lows, highs, effects;
  Texts verdicts, reasons;

  void Add(int64_t block_key, uint32_t arm_index, const v1::Ratio& ratio) {
    blocks.push_back(block_key);
    arms.push_back(arm_index);
    ratios.push_back(ratio.ratio());
    lows.push_back(ratio.low());
    highs.push_back(ratio.high());
    effects.push_back(ratio.minimum_detectable_effect());
    verdicts.push_back(v1::Verdict_Name(ratio.verdict()));
    reasons.push_back(ratio.reason());
    rounds.push_back(ratio.rounds());
  }
};

// All tables in one statement: each further one would be a round trip under the locks.
constexpr const char* kInsertResults = R"(
  WITH header AS (
    INSERT INTO block_result (block_id, epoch, digest, run_id, session_id, run_seconds, header)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::bytea[])),
  measured AS (
    INSERT INTO measurement (block_id, arm_index, arm_id, role, format, kernel, outcome, grade, median_seconds,
                             weight_bytes, detail)
    SELECT block_id, arm_index, arm_id, role, format, kernel, outcome, grade, nullif(median, '')::float8, weight_bytes,
           detail
    FROM unnest($8::bigint[], $9::integer[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                $15::text[], $16::text[], $17::bigint[], $18::bytea[])
      AS g (block_id, arm_index, arm_id, role, format, kernel, outcome, grade, median, weight_bytes, detail)),
  sampled AS (
    INSERT INTO arm_samples (block_id, arm_index, round_numbers, positions, counts, seconds)
    SELECT block_id, arm_index, rounds::integer[], positions::integer[], counts::integer[], seconds::float8[]
    FROM unnest($19::bigint[], $20::integer[], $21::text[], $22::text[], $23::text[], $24::text[])
      AS g (block_id, arm_index, rounds, positions, counts, seconds)
    -- A retry by a program of the version before leaves them behind.
    ON CONFLICT (block_id, arm_index) DO UPDATE SET round_numbers = excluded.round_numbers,
      positions = excluded.positions, counts = excluded.counts, seconds = excluded.seconds)
  INSERT INTO ratio (block_id, arm_index, ratio, low, high, minimum_detectable_effect, verdict, reason, rounds)
  SELECT * FROM unnest($25::bigint[], $26::integer[], $27::float8[], $28::float8[], $29::float8[], $30::float8[],
                       $31::text[], $32::text[], $33::integer[]))";

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
  HeaderColumns h;
  MeasurementColumns m;
  SampleColumns s;
  RatioColumns r;
  for (const ResultRow& row : rows) {
    h.Add(row);
    for (int i = 0; i < row.result->measurements_size(); ++i) {
      m.Add(row.block_key, row.block->arms(i), row.result->measurements(i));
      s.Add(row.block_key, row.result->measurements(i));
    }
    for (const auto& [arm_index, ratio] : *row.ratios) r.Add(row.block_key, arm_index, ratio);
  }
  const auto array = [](const auto& values) { return Parameter::Array(values); };
  return tx
      .Query(kInsertResults, {array(h.blocks),
                              array(h.epochs),
                              array(h.digests),
                              array(h.runs),
                              array(h.sessions),
                              array(h.seconds),
                              Parameter::BytesArray(h.headers),
                              array(m.blocks),
                              array(m.arms),
                              array(m.arm_ids),
                              array(m.roles),
                              array(m.formats),
                              array(m.kernels),
                              array(m.outcomes),
                              array(m.grades),
                              array(m.medians),
                              array(m.weight_bytes),
                              Parameter::BytesArray(m.details),
                              array(s.blocks),
                              array(s.arms),
                              array(s.rounds),
                              array(s.positions),
                              array(s.counts),
                              array(s.seconds),
                              array(r.blocks),
                              array(r.arms),
                              array(r.ratios),
                              array(r.lows),
                              array(r.highs),
                              array(r.effects),
                              array(r.verdicts),
                              array(r.reasons),
                              array(r.rounds)})
      .status();
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
