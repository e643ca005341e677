// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/expansion/feed.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {
namespace {

constexpr int64_t kBlocksATransaction = 5000;

struct Feed {
  std::string matrix_id;
  int64_t class_id = 0;
  int64_t next_ordinal = 0;
};

// Locks the matrix, shared, and then a feed of it. `matrix_state` is a constant of ours.
Result<bool> LockNext(Transaction& tx, const std::string& matrix_state, Feed* feed) {
  QF_ASSIGN_OR_RETURN(const auto candidates, tx.Query(R"(
    SELECT f.matrix_id, f.class_id FROM feed f JOIN matrix m USING (matrix_id)
    WHERE m.state = $1 AND f.not_before <= clock_timestamp()
    ORDER BY m.priority DESC, f.not_before LIMIT 8)",
                                                      {matrix_state}));
  for (const auto& candidate : candidates) {
    feed->matrix_id = candidate[0].as<std::string>();
    feed->class_id = candidate[1].as<int64_t>();
    QF_ASSIGN_OR_RETURN(const auto matrix, tx.Query(R"(
      SELECT 1 FROM matrix WHERE matrix_id = $1 AND state = $2 FOR KEY SHARE SKIP LOCKED)",
                                                    {feed->matrix_id, matrix_state}));
    if (matrix.empty()) continue;
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT next_ordinal FROM feed WHERE matrix_id = $1 AND class_id = $2 AND not_before <= clock_timestamp()
      FOR UPDATE SKIP LOCKED)",
                                                  {feed->matrix_id, feed->class_id}));
    if (rows.empty()) continue;
    feed->next_ordinal = rows[0][0].as<int64_t>();
    return true;
  }
  return false;
}

// Ids of the next pending blocks, and moves the feed behind them. The feed goes when none can come
// any more.
Result<std::vector<int64_t>> TakePending(Transaction& tx, const Feed& feed, int64_t at_most,
                                         const std::string& new_state) {
  QF_ASSIGN_OR_RETURN(const auto moved, tx.Query(R"(
    UPDATE block SET state = $5 FROM (
      SELECT block_id FROM block
      WHERE matrix_id = $1 AND class_id = $2 AND ordinal >= $3 AND state = 'pending' ORDER BY ordinal LIMIT $4) AS next
    WHERE block.block_id = next.block_id RETURNING block.block_id, block.ordinal)",
                                                 {feed.matrix_id, feed.class_id, feed.next_ordinal,
                                                  at_most, new_state}));
  int64_t next = feed.next_ordinal;
  for (const auto& row : moved) next = std::max(next, row[1].as<int64_t>() + 1);
  const bool last = static_cast<int64_t>(moved.size()) < at_most;
  QF_RETURN_IF_ERROR(tx.Query(R"(
    UPDATE feed SET next_ordinal = $3, not_before = CASE WHEN $4 THEN clock_timestamp() + interval '1 s' ELSE not_before END
    WHERE matrix_id = $1 AND class_id = $2)",
                              {feed.matrix_id, feed.class_id, next, last})
                         .status());
  if (last) {
    QF_RETURN_IF_ERROR(tx.Query(R"(
    DELETE FROM feed WHERE matrix_id = $1 AND class_id = $2
      AND NOT EXISTS (SELECT 1 FROM expansion WHERE matrix_id = $1 AND state = 'running'))",
                                {feed.matrix_id, feed.class_id})
                           .status());
  }
  return IdsOf(moved);
}

Status LookLater(Transaction& tx, const Feed& feed) {
  return tx
      .Query(R"(
    UPDATE feed SET not_before = clock_timestamp() + interval '1 s' WHERE matrix_id = $1 AND class_id = $2)",
             {feed.matrix_id, feed.class_id})
      .status();
}

}  // namespace

Result<bool> FeedQueue(Connection& db) {
  bool found = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    Feed feed;
    QF_ASSIGN_OR_RETURN(found, LockNext(tx, "running", &feed));
    if (!found) return OkStatus();
    QF_ASSIGN_OR_RETURN(const int64_t queued,
                        CountQueued(tx, feed.matrix_id, feed.class_id, kMostQueued));
    if (queued > kMostQueued - kBlocksATransaction) return LookLater(tx, feed);
    QF_ASSIGN_OR_RETURN(const auto ids, TakePending(tx, feed, kBlocksATransaction, "ready"));
    return QueueBlocks(tx, ids);
  }));
  return found;
}

Result<bool> SettleCancelled(Connection& db) {
  bool found = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    Feed feed;
    QF_ASSIGN_OR_RETURN(found, LockNext(tx, "cancelled", &feed));
    if (!found) return OkStatus();
    return TakePending(tx, feed, kBlocksATransaction, "cancelled").status();
  }));
  return found;
}

}  // namespace quantfleet::postgres
