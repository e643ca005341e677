// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/search/search_rows.hpp"

#include "coordinator/postgres/result_store.hpp"

namespace quantfleet::postgres {

Status OpenSearch(Transaction& tx, const std::string& matrix_id, const matrix::Plan& plan) {
  if (plan.search_axis.empty()) return OkStatus();
  return tx
      .Query("INSERT INTO search (matrix_id, axis, most_arms) VALUES ($1, $2, $3)",
             {matrix_id, plan.search_axis, plan.max_arms})
      .status();
}

Result<SearchJob> FindSearch(Transaction& tx) {
  SearchJob job;
  QF_ASSIGN_OR_RETURN(const auto found, tx.Query(R"(
    SELECT m.matrix_id, m.document, m.version,
           e.state = 'done' AND NOT EXISTS (
             SELECT 1 FROM joining j WHERE j.matrix_id = m.matrix_id AND j.is_open) AS complete
    FROM search s JOIN matrix m USING (matrix_id) JOIN expansion e USING (matrix_id)
    WHERE s.is_open AND m.state = 'running' AND s.seen_version <> m.version AND s.not_before <= clock_timestamp()
    ORDER BY m.priority DESC, m.create_time LIMIT 1)"));
  if (found.empty()) return job;
  job.matrix_id = found[0]["matrix_id"].as<std::string>();
  job.document = found[0]["document"].as<std::string>();
  job.version = found[0]["version"].as<uint64_t>();
  job.complete = found[0]["complete"].as<bool>();
  QF_ASSIGN_OR_RETURN(const auto copies, tx.Query(R"(
    SELECT copy.target, copy.class_id,
           e.joined_ordinals[copy.number - cardinality(e.targets) + cardinality(e.joined_ordinals)] AS joined
    FROM expansion e, unnest(e.targets, e.class_ids) WITH ORDINALITY AS copy (target, class_id, number)
    WHERE e.matrix_id = $1 ORDER BY copy.number)",
                                                  {job.matrix_id}));
  for (const auto& row : copies) {
    job.targets.push_back(row["target"].as<std::string>());
    job.class_ids.push_back(row["class_id"].as<int64_t>());
    if (!row["joined"].is_null()) job.joined.push_back(row["joined"].as<uint64_t>());
  }
  return job;
}

Result<std::map<uint64_t, BlockState>> LoadStates(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT ordinal, block_id, state IN ('pending', 'ready', 'leased') FROM block WHERE matrix_id = $1)",
                                                {matrix_id}));
  std::map<uint64_t, BlockState> states;
  for (const auto& row : rows) {
    states[row[0].as<uint64_t>()] = {row[1].as<int64_t>(), row[2].as<bool>()};
  }
  return states;
}

Result<std::map<uint64_t, AddedBlock>> LoadAdded(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT ordinal, copy, line, device_class, axis_value, curve
    FROM search_block, unnest(curves) AS curve WHERE matrix_id = $1)",
                                                {matrix_id}));
  std::map<uint64_t, AddedBlock> added;
  for (const auto& row : rows) {
    AddedBlock& block = added[row[0].as<uint64_t>()];
    block.place = {row[1].as<int32_t>(), row[2].as<int32_t>()};
    block.point.device_class = row[3].as<std::string>();
    block.point.value = row[4].as<double>();
    block.point.curves.insert(row[5].as<std::string>());
  }
  return added;
}

Result<std::set<LinePlace>> LoadSettled(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT copy, line FROM search_line WHERE matrix_id = $1", {matrix_id}));
  std::set<LinePlace> settled;
  for (const auto& row : rows) settled.emplace(row[0].as<int32_t>(), row[1].as<int32_t>());
  return settled;
}

Status SaveCurves(Transaction& tx, const std::string& matrix_id, const LinePlace& place,
                  const std::vector<analysis::SearchedCurve>& curves) {
  QF_RETURN_IF_ERROR(
      tx.Query("DELETE FROM crossover WHERE matrix_id = $1 AND copy = $2 AND line = $3",
               {matrix_id, place.first, place.second})
          .status());
  for (const analysis::SearchedCurve& curve : curves) {
    const v1::Crossover& found = curve.crossover;
    const v1::Flip* flip = found.flips().empty() ? nullptr : &found.flips(0);
    const auto number = [&](double value) {
      return flip == nullptr ? Parameter(std::nullopt) : Parameter(value);
    };
    QF_RETURN_IF_ERROR(
        tx.Query(R"(
    INSERT INTO crossover (matrix_id, copy, line, device_class, curve, kind, outcome, estimate, low, high, points_added,
                           detail)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))",
                 {matrix_id, place.first, place.second, found.device_class(), curve.key,
                  v1::CrossoverKind_Name(found.kind()),
                  v1::SearchOutcome_Name(found.search().outcome()),
                  number(flip == nullptr ? 0 : flip->estimate()),
                  number(flip == nullptr ? 0 : flip->low()),
                  number(flip == nullptr ? 0 : flip->high()), found.search().added_size(),
                  Parameter::Bytes(found.SerializeAsString())})
            .status());
  }
  return OkStatus();
}

Status SaveAdded(Transaction& tx, const std::string& matrix_id, uint64_t ordinal,
                 const AddedBlock& block) {
  return tx
      .Query(R"(
    INSERT INTO search_block (matrix_id, ordinal, copy, line, device_class, axis_value, curves)
    VALUES ($1, $2, $3, $4, $5, $6, $7))",
             {matrix_id, ordinal, block.place.first, block.place.second, block.point.device_class,
              static_cast<int64_t>(block.point.value),
              Parameter::Array(
                  std::vector<std::string>(block.point.curves.begin(), block.point.curves.end()))})
      .status();
}

Status Settle(Transaction& tx, const std::string& matrix_id, const LinePlace& place, bool settled) {
  const char* statement =
      settled
          ? "INSERT INTO search_line (matrix_id, copy, line) VALUES ($1, $2, $3) ON CONFLICT DO "
            "NOTHING"
          : "DELETE FROM search_line WHERE matrix_id = $1 AND copy = $2 AND line = $3";
  return tx.Query(statement, {matrix_id, place.first, place.second}).status();
}

Result<std::string> SearchOf(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT 'searches crossovers along ' || s.axis || ': blocks added '
           || (SELECT count(*) FROM search_block b WHERE b.matrix_id = s.matrix_id) || ', curves found '
           || (SELECT count(*) FROM crossover c WHERE c.matrix_id = s.matrix_id
                 AND c.outcome <> 'SEARCH_OUTCOME_RUNNING')
           || CASE WHEN s.reason = '' THEN '' ELSE '; ' || s.reason END
    FROM search s JOIN matrix m USING (matrix_id)
    WHERE s.matrix_id = $1 AND s.is_open AND m.state = 'running')",
                                                {matrix_id}));
  return rows.empty() ? std::string() : rows[0][0].as<std::string>();
}

Result<v1::ListCrossoversResponse> ListCrossovers(Connection& db, const std::string& matrix_id) {
  v1::ListCrossoversResponse response;
  bool searched = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(const auto search,
                        tx.Query("SELECT 1 FROM search WHERE matrix_id = $1", {matrix_id}));
    searched = !search.empty();
    if (!searched) return OkStatus();
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT detail FROM crossover WHERE matrix_id = $1 ORDER BY copy, device_class, line, curve)",
                                                  {matrix_id}));
    for (const auto& row : rows) response.add_crossovers()->ParseFromString(FromBytea(row[0]));
    return OkStatus();
  }));
  if (searched) return response;
  QF_ASSIGN_OR_RETURN(v1::Comparison comparison, CompareMatrix(db, matrix_id));
  *response.mutable_crossovers() = std::move(*comparison.mutable_crossovers());
  return response;
}

}  // namespace quantfleet::postgres
