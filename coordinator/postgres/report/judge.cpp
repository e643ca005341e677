// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/report/judge.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/sync/conduct.hpp"

namespace quantfleet::postgres {
namespace {

// A block under its lock.
struct BlockRow {
  std::string matrix_id;
  std::string state;
  uint64_t epoch = 0;
  // Of its accepted result.
  std::optional<uint64_t> stored_epoch;
  std::string stored_digest;
};

using BlockRows = std::map<int64_t, BlockRow>;
using Chosen = std::vector<Entry*>;

std::vector<int64_t> KeysOf(const Chosen& entries) {
  std::vector<int64_t> keys;
  keys.reserve(entries.size());
  for (const Entry* entry : entries) keys.push_back(entry->block_key);
  return keys;
}

// Locks matrices, then blocks: the order everywhere. A row that changed while its lock was waited
// for is read again.
Result<BlockRows> LockBlocks(Transaction& tx, const Parameter& keys) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    WITH m AS MATERIALIZED (
      SELECT matrix_id FROM matrix
      WHERE matrix_id IN (SELECT matrix_id FROM block WHERE block_id = ANY($1::bigint[]))
      ORDER BY matrix_id FOR NO KEY UPDATE)
    SELECT b.block_id, b.matrix_id, b.state, b.epoch FROM block b JOIN m USING (matrix_id)
    WHERE b.block_id = ANY($1::bigint[]) ORDER BY b.block_id FOR NO KEY UPDATE OF b)",
                                                {keys}));
  BlockRows blocks;
  std::vector<int64_t> done;
  for (const auto& row : rows) {
    BlockRow& block = blocks[row[0].as<int64_t>()];
    block.matrix_id = row[1].as<std::string>();
    block.state = row[2].as<std::string>();
    block.epoch = row[3].as<uint64_t>();
    if (block.state == "done") done.push_back(row[0].as<int64_t>());
  }
  if (done.empty()) return blocks;
  QF_ASSIGN_OR_RETURN(const auto stored, tx.Query(R"(
    SELECT block_id, epoch, digest FROM block_result WHERE block_id = ANY($1::bigint[]))",
                                                  {Parameter::Array(done)}));
  for (const auto& row : stored) {
    BlockRow& block = blocks[row[0].as<int64_t>()];
    block.stored_epoch = row[1].as<uint64_t>();
    block.stored_digest = row[2].as<std::string>();
  }
  return blocks;
}

void DecideResult(Entry& entry, const BlockRow& block) {
  if (block.stored_epoch) {
    if (*block.stored_epoch != entry.epoch()) {
      return entry.Decide(v1::DISPOSITION_SUPERSEDED, "another grant's result was accepted");
    }
    if (block.stored_digest == entry.digest) return entry.Decide(v1::DISPOSITION_DUPLICATE);
    return entry.Decide(v1::DISPOSITION_CONFLICT, "another result of this grant was accepted");
  }
  if (block.state == "cancelled") {
    return entry.Decide(v1::DISPOSITION_CANCELLED, "the matrix was cancelled");
  }
  if (block.state == "failed") {
    return entry.Decide(v1::DISPOSITION_SUPERSEDED, "the block was given up");
  }
  // A lease that ran out is no loss while nobody else has the block.
  const bool current =
      entry.epoch() == block.epoch && (block.state == "leased" || block.state == "ready");
  if (!current) return entry.Decide(v1::DISPOSITION_SUPERSEDED, "the block was granted again");
  entry.Decide(v1::DISPOSITION_ACCEPTED);
}

void DecideFailure(Entry& entry, const BlockRow& block) {
  if (block.epoch != entry.epoch() || block.state != "leased") {
    return entry.Decide(v1::DISPOSITION_SUPERSEDED, "the lease is gone");
  }
  entry.Decide(v1::DISPOSITION_ACCEPTED);
}

void Decide(Entry& entry, const BlockRows& blocks) {
  const auto found = blocks.find(entry.block_key);
  if (found == blocks.end()) return entry.Decide(v1::DISPOSITION_UNKNOWN_BLOCK, "no such block");
  if (entry.result != nullptr) return DecideResult(entry, found->second);
  DecideFailure(entry, found->second);
}

// A grant that is over.
struct Ran {
  std::string session_id;
  scheduler::Finished finished;
};

// Gives the blocks their new state, takes their leases and places in the queue away and closes
// their attempts. What they were, by block.
Result<std::map<int64_t, Ran>> Release(Transaction& tx, const Chosen& entries,
                                       const std::string& state, const std::string& outcome,
                                       const std::vector<std::string>& reasons) {
  std::vector<int64_t> epochs;
  for (const Entry* entry : entries) epochs.push_back(static_cast<int64_t>(entry->epoch()));
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    WITH freed AS (
      DELETE FROM lease WHERE block_id = ANY($1::bigint[]) RETURNING block_id, principal, estimate_seconds,
        extract(epoch FROM clock_timestamp() - grant_time)::float8 AS held_seconds),
    unqueued AS (DELETE FROM ready WHERE block_id = ANY($1::bigint[])),
    given AS MATERIALIZED (
      SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS g (block_id, epoch, reason)),
    moved AS (
      UPDATE block SET state = $5, reason = given.reason FROM given
      WHERE block.block_id = given.block_id AND block.block_id = ANY($1::bigint[])
      RETURNING block.block_id, block.cost_key),
    closed AS (
      UPDATE attempt SET end_time = clock_timestamp(), outcome = $4, reason = given.reason
      FROM given
      WHERE attempt.block_id = given.block_id AND attempt.epoch = given.epoch AND attempt.block_id = ANY($1::bigint[])
      RETURNING attempt.block_id, attempt.session_id)
    SELECT c.block_id, c.session_id, coalesce(s.device_class, '') AS device_class, coalesce(f.principal, '') AS principal,
           b.cost_key, coalesce(f.estimate_seconds, 0) AS estimate, coalesce(f.held_seconds, 0) AS held
    FROM closed c JOIN moved b USING (block_id) LEFT JOIN freed f USING (block_id)
    LEFT JOIN session s ON s.session_id = c.session_id)",
                               {Parameter::Array(KeysOf(entries)), Parameter::Array(epochs),
                                Parameter::Array(reasons), outcome, state}));
  std::map<int64_t, Ran> ran;
  for (const auto& row : rows) {
    ran[row[0].as<int64_t>()] = {
        row[1].as<std::string>(),
        {row[2].as<std::string>(), row[3].as<std::string>(), row[4].as<std::string>(),
         row[5].as<double>(), row[6].as<double>()}};
  }
  return ran;
}

// Ends the blocks' matrices if these were the last ones.
Status CountEnded(Transaction& tx, const Chosen& ended, const BlockRows& blocks) {
  std::map<std::string, int64_t> by_matrix;
  for (const Entry* entry : ended) ++by_matrix[blocks.at(entry->block_key).matrix_id];
  return EndBlocks(tx, by_matrix);
}

Status Accept(Transaction& tx, const Chosen& accepted, const BlockRows& blocks,
              std::vector<scheduler::Finished>& finished) {
  if (accepted.empty()) return OkStatus();
  QF_ASSIGN_OR_RETURN(auto ran, Release(tx, accepted, "done", "accepted",
                                        std::vector<std::string>(accepted.size())));
  std::vector<ResultRow> rows;
  for (const Entry* entry : accepted) {
    const auto found = ran.find(entry->block_key);
    rows.push_back({entry->block_key, entry->block.get(), entry->result, &entry->digest,
                    &entry->ratios,
                    found == ran.end() ? entry->session_id : found->second.session_id});
    if (found == ran.end()) continue;
    // An agent's word, but no more than it held the block for: it decides what others get.
    double& seconds = found->second.finished.run_seconds;
    seconds = std::min(seconds, entry->result->run_seconds());
    finished.push_back(std::move(found->second.finished));
  }
  QF_RETURN_IF_ERROR(InsertResults(tx, rows));
  std::vector<std::string> well;
  for (const ResultRow& row : rows) well.push_back(row.session_id);
  QF_RETURN_IF_ERROR(NoteSuccess(tx, well));
  return CountEnded(tx, accepted, blocks);
}

Status KeepLate(Transaction& tx, const Entry& entry) {
  return InsertLate(tx, entry.block_key, entry.session_id, *entry.result, entry.digest,
                    v1::Disposition_Name(entry.verdict.disposition()));
}

// Failures of the block so far, this one with it unless it was the agent's fault.
Result<int> CountFailure(Transaction& tx, const Entry& entry) {
  const bool is_agents = entry.failure->cause() == v1::FAILURE_CAUSE_AGENT;
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("UPDATE block SET failures = failures + $2 WHERE block_id = $1 RETURNING failures",
               {entry.block_key, is_agents ? 0 : 1}));
  return rows[0][0].as<int>();
}

// Back to the queue while the budget allows it, otherwise the end of the block.
Status Fail(Transaction& tx, Entry& entry, const BlockRows& blocks, const LeasePolicy& policy) {
  const std::string reason = PlainText(entry.failure->reason());
  QF_ASSIGN_OR_RETURN(const int failures, CountFailure(tx, entry));
  const bool is_over = failures >= policy.max_failures;
  QF_ASSIGN_OR_RETURN(const auto runs,
                      Release(tx, {&entry}, is_over ? "failed" : "ready", "failed", {reason}));
  const auto ran = runs.find(entry.block_key);
  const std::string session = ran == runs.end() ? "" : ran->second.session_id;
  QF_RETURN_IF_ERROR(NoteMishap(tx, session, entry.block_key,
                                entry.failure->cause() == v1::FAILURE_CAUSE_AGENT
                                    ? scheduler::Mishap::kAgentFailed
                                    : scheduler::Mishap::kBlockFailed,
                                reason));
  if (is_over) return CountEnded(tx, {&entry}, blocks);
  QF_RETURN_IF_ERROR(tx.Query("UPDATE matrix SET version = version + 1 WHERE matrix_id = $1",
                              {blocks.at(entry.block_key).matrix_id})
                         .status());
  const double delay = policy.retry_seconds * std::exp2(std::max(failures, 1) - 1);
  return QueueBlocks(tx, {entry.block_key}, delay, session);
}

}  // namespace

Status JudgeEntries(Transaction& tx, const std::vector<Entry*>& entries, const LeasePolicy& policy,
                    std::vector<scheduler::Finished>& finished) {
  finished.clear();
  QF_ASSIGN_OR_RETURN(const BlockRows blocks, LockBlocks(tx, Parameter::Array(KeysOf(entries))));
  Chosen accepted;
  for (Entry* entry : entries) {
    Decide(*entry, blocks);
    const v1::Disposition disposition = entry->verdict.disposition();
    if (entry->result == nullptr) {
      if (disposition != v1::DISPOSITION_ACCEPTED) continue;
      QF_RETURN_IF_ERROR(Fail(tx, *entry, blocks, policy));
    } else if (disposition == v1::DISPOSITION_ACCEPTED) {
      accepted.push_back(entry);
    } else if (disposition != v1::DISPOSITION_DUPLICATE &&
               disposition != v1::DISPOSITION_UNKNOWN_BLOCK) {
      QF_RETURN_IF_ERROR(KeepLate(tx, *entry));
    }
  }
  return Accept(tx, accepted, blocks, finished);
}

}  // namespace quantfleet::postgres
