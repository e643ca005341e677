// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/expansion/expand.hpp"

#include <limits>
#include <utility>

#include "base/logging.hpp"

namespace quantfleet::postgres {
namespace {

// One is worked on until it is done, unless one of a higher priority comes; and the largest take
// 100 MB each.
constexpr size_t kMostMakers = 2;

}  // namespace

// An expansion as it stands, locked.
struct Expander::Job {
  std::string matrix_id;
  uint64_t blocks_total = 0;
  uint64_t blocks_made = 0;
  std::vector<std::string> targets;
  std::vector<int64_t> class_ids;
  // Of the copies that joined later, which come last: the ordinals of their first blocks.
  std::vector<uint64_t> joined;
};

std::vector<matrix::PlannedBlock> FirstBlocks(const std::shared_ptr<const matrix::Matrix>& matrix,
                                              const matrix::Plan& plan) {
  std::vector<matrix::PlannedBlock> blocks;
  const matrix::BlockMaker maker(matrix, plan.TargetNames());
  uint64_t arms = 0;
  for (uint64_t i = 0; i < plan.blocks && arms < kArmsAChunk; ++i) {
    blocks.push_back({maker.At(i), plan.copies[maker.CopyOf(i)].requirement});
    arms += static_cast<uint64_t>(blocks.back().block.arms_size());
  }
  return blocks;
}

Status BeginExpansion(Transaction& tx, const std::string& matrix_id, const matrix::Plan& plan,
                      uint64_t blocks_made, uint64_t arms_made, ClassIds& classes) {
  std::vector<int64_t> class_ids;
  for (const matrix::Copy& copy : plan.copies) {
    QF_ASSIGN_OR_RETURN(const int64_t class_id, classes.Of(tx, copy.requirement));
    class_ids.push_back(class_id);
  }
  return tx
      .Query(R"(
    INSERT INTO expansion (matrix_id, blocks_total, arms_total, blocks_made, arms_made, targets, class_ids, next_ordinal,
                           state)
    VALUES ($1, $2::bigint, $3, $4::bigint, $5, $6, $7, $2::bigint, CASE WHEN $2::bigint = $4::bigint THEN 'done' ELSE 'running' END))",
             {matrix_id, plan.blocks, plan.arms, blocks_made, arms_made,
              Parameter::Array(plan.TargetNames()), Parameter::Array(class_ids)})
      .status();
}

Result<ExpansionProgress> ProgressOf(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT e.blocks_total - e.blocks_made, e.blocks_made || ' of ' || e.blocks_total || ' blocks are made'
           || CASE WHEN e.reason = '' THEN '' ELSE ': ' || e.reason END
    FROM expansion e JOIN matrix m USING (matrix_id)
    WHERE matrix_id = $1 AND e.state = 'running' AND m.state = 'running')",
                                                {matrix_id}));
  if (rows.empty()) return ExpansionProgress();
  return ExpansionProgress{rows[0][1].as<std::string>(), rows[0][0].as<uint64_t>()};
}

namespace {

// The matrix to go on with; empty without one. It is locked before its expansion, as everywhere,
// and shared: against a cancel, but not against results of the blocks there are.
Result<std::string> LockNext(Transaction& tx) {
  QF_ASSIGN_OR_RETURN(const auto candidates, tx.Query(R"(
    SELECT m.matrix_id FROM matrix m JOIN expansion e USING (matrix_id)
    WHERE e.state = 'running' AND m.state = 'running' AND e.not_before <= clock_timestamp()
    ORDER BY m.priority DESC, m.create_time, m.matrix_id LIMIT 8)"));
  for (const auto& candidate : candidates) {
    auto matrix_id = candidate[0].as<std::string>();
    // Each lock in a statement of its own: what is true of a row is known once it is locked.
    QF_ASSIGN_OR_RETURN(const auto matrix, tx.Query(R"(
      SELECT 1 FROM matrix WHERE matrix_id = $1 AND state = 'running' FOR KEY SHARE SKIP LOCKED)",
                                                    {matrix_id}));
    if (matrix.empty()) continue;
    QF_ASSIGN_OR_RETURN(const auto expansion, tx.Query(R"(
      SELECT 1 FROM expansion WHERE matrix_id = $1 AND state = 'running' FOR UPDATE SKIP LOCKED)",
                                                       {matrix_id}));
    if (!expansion.empty()) return matrix_id;
  }
  return std::string();
}

Status PutOff(Transaction& tx, const std::string& matrix_id, const std::string& reason) {
  log::Error("a matrix cannot be expanded", {{"matrix", matrix_id}, {"reason", reason}});
  return tx
      .Query(R"(
    UPDATE expansion SET reason = $2, not_before = clock_timestamp() + interval '1 min' WHERE matrix_id = $1)",
             {matrix_id, reason})
      .status();
}

// A chunk of blocks from number `begin` on.
BlockRows RowsFrom(const matrix::BlockMaker& maker, uint64_t begin,
                   const std::vector<int64_t>& class_ids) {
  BlockRows rows;
  for (uint64_t i = begin; i < maker.size() && rows.arms() < kArmsAChunk; ++i) {
    rows.Add(maker.At(i), class_ids[maker.CopyOf(i)]);
  }
  return rows;
}

}  // namespace

Result<Expander::Job> Expander::Load(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT e.blocks_total, e.blocks_made, copy.target, copy.class_id,
           e.joined_ordinals[copy.number - cardinality(e.targets) + cardinality(e.joined_ordinals)] AS joined
    FROM expansion e, unnest(e.targets, e.class_ids) WITH ORDINALITY AS copy (target, class_id, number)
    WHERE e.matrix_id = $1 ORDER BY copy.number)",
                                                {matrix_id}));
  Job job;
  job.matrix_id = matrix_id;
  for (const auto& row : rows) {
    job.blocks_total = row["blocks_total"].as<uint64_t>();
    job.blocks_made = row["blocks_made"].as<uint64_t>();
    job.targets.push_back(row["target"].as<std::string>());
    job.class_ids.push_back(row["class_id"].as<int64_t>());
    if (!row["joined"].is_null()) job.joined.push_back(row["joined"].as<uint64_t>());
  }
  return job;
}

Result<std::shared_ptr<const matrix::BlockMaker>> Expander::MakerOf(Transaction& tx,
                                                                    const Job& job) {
  const auto known = makers_.find(job.matrix_id);
  if (known != makers_.end() && known->second->copies() == job.targets.size()) {
    return known->second;
  }
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query("SELECT document FROM matrix WHERE matrix_id = $1",
                                                {job.matrix_id}));
  // It was counted when it was taken.
  matrix::Limits limits;
  limits.max_arms = std::numeric_limits<uint64_t>::max();
  const auto parsed = matrix::ParseMatrix(rows[0][0].as<std::string>(), "matrix", limits);
  std::shared_ptr<const matrix::BlockMaker> maker;
  if (parsed.matrix)
    maker = std::make_shared<matrix::BlockMaker>(parsed.matrix, job.targets, job.joined);
  // Not of the version that took it.
  if (!maker || maker->size() != job.blocks_total) {
    QF_RETURN_IF_ERROR(PutOff(tx, job.matrix_id,
                              parsed.matrix
                                  ? "this version makes " + std::to_string(maker->size()) +
                                        " blocks of it, not " + std::to_string(job.blocks_total)
                                  : parsed.diagnostics.front().ToString()));
    return std::shared_ptr<const matrix::BlockMaker>();
  }
  if (makers_.size() >= kMostMakers) makers_.clear();
  makers_[job.matrix_id] = maker;
  return maker;
}

Status Expander::MakeChunk(Transaction& tx, const Job& job,
                           const std::shared_ptr<const matrix::BlockMaker>& maker) {
  const bool at_hand =
      ahead_.rows.valid() && ahead_.matrix_id == job.matrix_id && ahead_.begin == job.blocks_made;
  const BlockRows rows =
      at_hand ? ahead_.rows.get() : RowsFrom(*maker, job.blocks_made, job.class_ids);
  const uint64_t end = job.blocks_made + rows.blocks();
  const bool done = end == job.blocks_total;
  if (done) {
    makers_.erase(job.matrix_id);
    ahead_ = {};
  } else {
    ahead_ = {job.matrix_id, end, std::async(std::launch::async, [maker, end, ids = job.class_ids] {
                return RowsFrom(*maker, end, ids);
              })};
  }
  QF_RETURN_IF_ERROR(rows.Insert(tx, job.matrix_id));
  return tx
      .Query(R"(
    UPDATE expansion SET blocks_made = $2, arms_made = arms_made + $3, reason = '',
                         state = CASE WHEN $4 THEN 'done' ELSE state END
    WHERE matrix_id = $1)",
             {job.matrix_id, end, rows.arms(), done})
      .status();
}

Result<bool> Expander::Advance(Connection& db) {
  bool found = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const std::string matrix_id, LockNext(tx));
    found = !matrix_id.empty();
    if (!found) return OkStatus();
    QF_ASSIGN_OR_RETURN(const Job job, Load(tx, matrix_id));
    QF_ASSIGN_OR_RETURN(const auto maker, MakerOf(tx, job));
    return maker ? MakeChunk(tx, job, maker) : OkStatus();
  }));
  return found;
}

}  // namespace quantfleet::postgres
