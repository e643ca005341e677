// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/results/samples.hpp"

#include <vector>

#include "coordinator/postgres/input.hpp"

namespace quantfleet::postgres {
namespace {

// Of the older table, which has a row a round, each row counts as an arm of one round.
constexpr const char* kSelectRounds = R"(
  SELECT block_id, arm_index, round_numbers, positions, counts, seconds FROM arm_samples
  WHERE block_id = ANY($1::bigint[])
  UNION ALL
  SELECT block_id, arm_index, ARRAY[round], ARRAY[position], ARRAY[cardinality(seconds)], seconds FROM sample
  WHERE block_id = ANY($1::bigint[])
  ORDER BY 1, 2, 3)";

Status AddRow(const pqxx::row& row, v1::Measurement& measurement) {
  const auto numbers = NumbersIn(row[2].as<std::string>());
  const auto positions = NumbersIn(row[3].as<std::string>());
  const auto counts = NumbersIn(row[4].as<std::string>());
  const auto seconds = SecondsIn(row[5].as<std::string>());
  auto next = seconds.begin();
  if (positions.size() != numbers.size() || counts.size() != numbers.size()) {
    return Internal("the rounds of block " + row[0].as<std::string>() + " do not fit each other");
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (counts[i] > seconds.end() - next) {
      return Internal("the samples of block " + row[0].as<std::string>() + " are not complete");
    }
    v1::Round& round = *measurement.add_rounds();
    round.set_number(static_cast<uint32_t>(numbers[i]));
    round.set_position(static_cast<uint32_t>(positions[i]));
    round.mutable_seconds()->Add(next, next + counts[i]);
    next += counts[i];
  }
  return OkStatus();
}

}  // namespace

Status AddRounds(Transaction& tx, const MeasurementsByArm& measurements) {
  std::vector<int64_t> blocks;
  for (const auto& [key, measurement] : measurements) {
    if (blocks.empty() || blocks.back() != key.first) blocks.push_back(key.first);
  }
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(kSelectRounds, {Parameter::Array(blocks)}));
  for (const auto& row : rows) {
    const auto found = measurements.find({row[0].as<int64_t>(), row[1].as<int64_t>()});
    if (found == measurements.end()) continue;
    QF_RETURN_IF_ERROR(AddRow(row, *found->second));
  }
  return OkStatus();
}

}  // namespace quantfleet::postgres
