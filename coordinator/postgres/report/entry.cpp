// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/report/entry.hpp"

#include <map>
#include <set>
#include <utility>

#include "coordinator/access/refusal.hpp"
#include "coordinator/analysis/comparison.hpp"
#include "coordinator/postgres/access/ownership.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/report/result_check.hpp"

namespace quantfleet::postgres {

void Entry::Decide(v1::Disposition disposition, std::string reason) {
  verdict.set_disposition(disposition);
  verdict.set_reason(std::move(reason));
}

namespace {

using Blocks = std::map<int64_t, std::shared_ptr<const v1::Block>>;

Entry EntryOf(size_t call, const v1::ReportRequest& request, const std::string& block_id,
              uint64_t epoch) {
  Entry entry;
  entry.call = call;
  entry.session_id = PlainText(request.session_id());
  entry.verdict.set_block_id(block_id);
  entry.verdict.set_epoch(epoch);
  const auto key = ParseBlockId(block_id);
  if (key) entry.block_key = *key;
  if (!key) entry.Decide(v1::DISPOSITION_UNKNOWN_BLOCK, "no such block");
  return entry;
}

// No token is so large.
void RefuseToken(Entry& entry, v1::Disposition disposition, const std::string& reason) {
  if (!entry.decided() && !Bigint(entry.epoch())) entry.Decide(disposition, reason);
}

std::vector<Entry> EntriesOf(const std::vector<ReportCall>& calls) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < calls.size(); ++i) {
    const v1::ReportRequest& request = *calls[i].request;
    for (const v1::BlockResult& result : request.results()) {
      entries.push_back(EntryOf(i, request, result.block_id(), result.epoch()));
      entries.back().result = &result;
      RefuseToken(entries.back(), v1::DISPOSITION_REJECTED, "no such token");
    }
    for (const v1::BlockFailure& failure : request.failures()) {
      entries.push_back(EntryOf(i, request, failure.block_id(), failure.epoch()));
      entries.back().failure = &failure;
      RefuseToken(entries.back(), v1::DISPOSITION_SUPERSEDED, "the lease is gone");
    }
  }
  return entries;
}

// What never changes about the blocks, without a lock; those that exist.
Status LoadBlocks(Connection& db, const std::vector<Entry>& entries, Blocks& blocks) {
  std::vector<int64_t> keys;
  for (const Entry& entry : entries) {
    if (!entry.decided() && entry.result != nullptr) keys.push_back(entry.block_key);
  }
  if (keys.empty()) return OkStatus();
  QF_ASSIGN_OR_RETURN(const auto rows,
                      db.Ask("SELECT block_id, spec FROM block WHERE block_id = ANY($1::bigint[])",
                             {Parameter::Array(keys)}));
  for (const auto& row : rows) {
    auto block = std::make_shared<v1::Block>();
    block->ParseFromString(FromBytea(row[1]));
    block->set_block_id(row[0].as<std::string>());
    blocks[row[0].as<int64_t>()] = std::move(block);
  }
  return OkStatus();
}

// A bootstrap under the locks of the transaction to come would hold up the whole matrix.
void Check(Entry& entry, const Blocks& blocks) {
  if (entry.decided() || entry.result == nullptr) return;
  const auto found = blocks.find(entry.block_key);
  if (found == blocks.end()) {
    return entry.Decide(v1::DISPOSITION_UNKNOWN_BLOCK, "no such block");
  }
  entry.block = found->second;
  if (std::string why = WhyRejected(*entry.block, *entry.result); !why.empty()) {
    return entry.Decide(v1::DISPOSITION_REJECTED, std::move(why));
  }
  entry.ratios = analysis::ComputeRatios(*entry.block, *entry.result);
  entry.digest = DigestOf(*entry.result);
}

// An agent that proved its name speaks for its own sessions and grants alone.
Status CheckOwners(Connection& db, const std::vector<ReportCall>& calls,
                   std::vector<Status>& refused, std::vector<Entry>& entries) {
  std::vector<Grants> own(calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    if (calls[i].agent.empty()) continue;
    refused[i] = CheckOwnSession(db, calls[i].request->session_id(), calls[i].agent);
    if (refused[i].code() == StatusCode::kUnavailable) return refused[i];
    if (!refused[i].ok()) continue;
    QF_ASSIGN_OR_RETURN(own[i], OwnGrants(db, *calls[i].request, calls[i].agent));
  }
  for (Entry& entry : entries) {
    if (calls[entry.call].agent.empty() || entry.decided()) continue;
    if (own[entry.call].contains({entry.verdict.block_id(), entry.epoch()})) continue;
    entry.Decide(v1::DISPOSITION_REJECTED, "it was not granted to this agent");
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<Entry>> PrepareEntries(Connection& db, const std::vector<ReportCall>& calls,
                                          std::vector<Status>& refused) {
  refused.assign(calls.size(), OkStatus());
  std::vector<Entry> entries = EntriesOf(calls);
  QF_RETURN_IF_ERROR(CheckOwners(db, calls, refused, entries));
  std::erase_if(entries, [&](const Entry& entry) { return !refused[entry.call].ok(); });
  Blocks blocks;
  QF_RETURN_IF_ERROR(LoadBlocks(db, entries, blocks));
  for (Entry& entry : entries) Check(entry, blocks);
  return entries;
}

}  // namespace quantfleet::postgres
