// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/expansion/block_rows.hpp"

#include "coordinator/matrix/canonical.hpp"
#include "coordinator/postgres/expansion/feed.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/scheduler/block_keys.hpp"

namespace quantfleet::postgres {

void BlockRows::Add(const v1::Block& block, int64_t class_id) {
  ordinals_.push_back(block.ordinal());
  class_ids_.push_back(class_id);
  arms_.push_back(block.arms_size());
  targets_.push_back(block.target());
  cost_keys_.push_back(scheduler::CostKeyOf(block));
  weights_keys_.push_back(scheduler::WeightsKeyOf(block));
  specs_ += matrix::StableBytes(block);
  ends_.push_back(static_cast<int64_t>(specs_.size()));
  arms_total_ += static_cast<uint64_t>(block.arms_size());
}

Status BlockRows::Insert(Transaction& tx, const std::string& matrix_id) const {
  if (ordinals_.empty()) return OkStatus();
  // The specs travel as one value, cut up there: as an array of bytea, each would be quoted, and
  // the whole be read twice.
  QF_ASSIGN_OR_RETURN(
      const auto made,
      tx.Query(R"(
    WITH given AS (
      SELECT ordinal, class_id, target, arms, cost_key, weights_key, "end", lag("end", 1, 0::bigint) OVER (ORDER BY ordinal) AS start
      FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $9::text[], $10::text[])
           AS given (ordinal, class_id, target, arms, "end", cost_key, weights_key)),
    made AS (
      INSERT INTO block (matrix_id, ordinal, class_id, target, arms, cost_key, weights_key, spec, state)
      SELECT $1, ordinal, class_id, target, arms, cost_key, weights_key,
             substring($7::bytea FROM start::integer + 1 FOR ("end" - start)::integer),
             CASE WHEN ordinal < $8 THEN 'ready' ELSE 'pending' END
      FROM given ORDER BY ordinal
      RETURNING block_id, ordinal, class_id, state),
    fed AS (
      INSERT INTO feed (matrix_id, class_id, next_ordinal)
      SELECT $1, class_id, min(ordinal) FROM made WHERE state = 'pending' GROUP BY class_id
      ON CONFLICT DO NOTHING)
    SELECT block_id FROM made WHERE state = 'ready' ORDER BY block_id)",
               {matrix_id, Parameter::Array(ordinals_), Parameter::Array(class_ids_),
                Parameter::Array(targets_), Parameter::Array(arms_), Parameter::Array(ends_),
                Parameter::Bytes(specs_), kMostQueued, Parameter::Array(cost_keys_),
                Parameter::Array(weights_keys_)}));
  return QueueBlocks(tx, IdsOf(made));
}

}  // namespace quantfleet::postgres
