// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/results/page.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "coordinator/analysis/comparison.hpp"
#include "coordinator/postgres/result_store.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::postgres {
namespace {

using RatiosByBlock = std::map<std::string, std::map<uint32_t, v1::Ratio>>;

Result<std::string> MatrixName(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query("SELECT name FROM matrix WHERE matrix_id = $1", {matrix_id}));
  if (rows.empty()) return NotFound("no matrix has the id " + matrix_id);
  return rows[0][0].as<std::string>();
}

// Blocks of a page, each of which has a result.
struct Chosen {
  std::vector<int64_t> ids;
  int64_t last = -1;  // ordinal
  bool more = false;
};

constexpr int64_t kBlocksALook = 512;

// The next blocks with results, in order: id, ordinal, arms.
Result<pqxx::result> NextBlocks(Transaction& tx, const std::string& matrix_id, int64_t after) {
  return tx.Query(R"(
    SELECT block_id, ordinal, arms FROM block WHERE matrix_id = $1 AND ordinal > $2 AND state = 'done'
    ORDER BY ordinal LIMIT $3)",
                  {matrix_id, after, kBlocksALook});
}

// A few narrow rows at a time, since it is arms that bound a page: how many blocks they are in is
// not known before. Specs are read of those that are chosen.
Result<Chosen> ChooseBlocks(Transaction& tx, const std::string& matrix_id,
                            const PageBounds& bounds) {
  Chosen chosen;
  chosen.last = bounds.after;
  int64_t arms = 0;
  while (true) {
    QF_ASSIGN_OR_RETURN(const auto rows, NextBlocks(tx, matrix_id, chosen.last));
    for (const auto& row : rows) {
      arms += row[2].as<int64_t>();
      chosen.more = static_cast<int64_t>(chosen.ids.size()) == bounds.blocks ||
                    (!chosen.ids.empty() && arms > bounds.arms);
      if (chosen.more) return chosen;
      chosen.ids.push_back(row[0].as<int64_t>());
      chosen.last = row[1].as<int64_t>();
    }
    if (static_cast<int64_t>(rows.size()) < kBlocksALook) return chosen;
  }
}

Result<pqxx::result> SelectHeaders(Transaction& tx, const Parameter& ids) {
  return tx.Query(
      "SELECT block_id, header, session_id FROM block_result WHERE block_id = ANY($1::bigint[])",
      {ids});
}

// Those blocks of `ids` that have a result, with all but the raw rounds. Each table is asked for
// the ids, not joined: of a partitioned table the planner knows too little to join it well.
Result<std::vector<analysis::MeasuredBlock>> LoadBlocks(Transaction& tx,
                                                        const std::string& matrix_id,
                                                        const Parameter& ids) {
  QF_ASSIGN_OR_RETURN(const auto headers, SelectHeaders(tx, ids));
  std::map<std::string, analysis::MeasuredBlock> by_id;
  for (const auto& row : headers) {
    analysis::MeasuredBlock& block = by_id[row[0].as<std::string>()];
    block.result.ParseFromString(FromBytea(row[1]));
    block.session_id = row[2].as<std::string>();
  }
  QF_ASSIGN_OR_RETURN(const auto measured, tx.Query(R"(
    SELECT block_id, detail FROM measurement WHERE block_id = ANY($1::bigint[]) ORDER BY block_id, arm_index)",
                                                    {ids}));
  for (const auto& row : measured) {
    by_id.at(row[0].as<std::string>())
        .result.add_measurements()
        ->ParseFromString(FromBytea(row[1]));
  }
  QF_ASSIGN_OR_RETURN(const auto specs, tx.Query(R"(
    SELECT block_id, spec FROM block WHERE matrix_id = $2 AND block_id = ANY($1::bigint[]) ORDER BY ordinal)",
                                                 {ids, matrix_id}));
  std::vector<analysis::MeasuredBlock> blocks;
  for (const auto& row : specs) {
    const auto found = by_id.find(row[0].as<std::string>());
    if (found == by_id.end()) continue;
    analysis::MeasuredBlock& block = blocks.emplace_back(std::move(found->second));
    block.block.ParseFromString(FromBytea(row[1]));
    block.block.set_block_id(found->first);
    block.block.set_matrix_id(matrix_id);
  }
  return blocks;
}

Result<RatiosByBlock> LoadRatios(Transaction& tx, const Parameter& ids) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT block_id, arm_index, ratio, low, high, minimum_detectable_effect, verdict, reason, rounds
    FROM ratio WHERE block_id = ANY($1::bigint[]))",
                                                {ids}));
  RatiosByBlock ratios;
  for (const auto& row : rows) {
    v1::Ratio& ratio = ratios[row[0].as<std::string>()][row[1].as<uint32_t>()];
    ratio.set_ratio(row[2].as<double>());
    ratio.set_low(row[3].as<double>());
    ratio.set_high(row[4].as<double>());
    ratio.set_minimum_detectable_effect(row[5].as<double>());
    v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
    v1::Verdict_Parse(row[6].as<std::string>(), &verdict);
    ratio.set_verdict(verdict);
    ratio.set_reason(row[7].as<std::string>());
    ratio.set_rounds(row[8].as<uint32_t>());
  }
  return ratios;
}

Result<std::vector<v1::ComparisonSession>> LoadSessions(
    Transaction& tx, const std::vector<analysis::MeasuredBlock>& blocks) {
  std::set<std::string> ids;
  for (const analysis::MeasuredBlock& block : blocks) ids.insert(block.session_id);
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    SELECT session_id, hello FROM session WHERE session_id = ANY($1::text[])
    ORDER BY create_time, session_id)",
                               {Parameter::Array(std::vector(ids.begin(), ids.end()))}));
  std::vector<v1::ComparisonSession> sessions;
  for (const auto& row : rows) {
    v1::HelloRequest hello;
    hello.ParseFromString(FromBytea(row[1]));
    v1::ComparisonSession& session = sessions.emplace_back();
    session.set_session_id(row[0].as<std::string>());
    *session.mutable_device() = hello.device().device();
    *session.mutable_fingerprint() = hello.device().fingerprint();
    *session.mutable_ceilings() = hello.ceilings();
  }
  return sessions;
}

}  // namespace

Result<v1::Comparison> CompareBlocks(Transaction& tx, const std::string& matrix_id,
                                     const std::vector<int64_t>& block_ids) {
  QF_ASSIGN_OR_RETURN(const std::string name, MatrixName(tx, matrix_id));
  const Parameter ids = Parameter::Array(block_ids);
  QF_ASSIGN_OR_RETURN(const auto blocks, LoadBlocks(tx, matrix_id, ids));
  QF_ASSIGN_OR_RETURN(const auto ratios, LoadRatios(tx, ids));
  QF_ASSIGN_OR_RETURN(const auto sessions, LoadSessions(tx, blocks));
  return analysis::BuildComparison(matrix_id, name, blocks, sessions, ratios);
}

Result<int64_t> AfterOf(const std::string& token) {
  if (token.empty()) return int64_t{-1};
  if (token.size() > 9 || token.find_first_not_of("0123456789") != std::string::npos) {
    return InvalidArgument("the page token is not one of ours");
  }
  return static_cast<int64_t>(std::stol(token));
}

Result<Page> LoadPage(Transaction& tx, const std::string& matrix_id, const PageBounds& bounds) {
  QF_RETURN_IF_ERROR(MatrixName(tx, matrix_id).status());
  QF_ASSIGN_OR_RETURN(const Chosen chosen, ChooseBlocks(tx, matrix_id, bounds));
  if (chosen.more && bounds.whole) {
    return FailedPrecondition("matrix " + matrix_id + " has more than " +
                              std::to_string(bounds.arms) +
                              " measured arms: ask for pages, or export it as csv or json");
  }
  Page page;
  QF_ASSIGN_OR_RETURN(page.comparison, CompareBlocks(tx, matrix_id, chosen.ids));
  if (chosen.more) page.next = std::to_string(chosen.last);
  // Half a curve has another crossover, or none.
  if (chosen.more || bounds.after >= 0) page.comparison.clear_crossovers();
  return page;
}

namespace {

constexpr int64_t kMostArmsAtOnce = 10000;

}  // namespace

Result<v1::CompareMatrixResponse> CompareMatrix(Connection& db,
                                                const v1::CompareMatrixRequest& request) {
  v1::CompareMatrixResponse response;
  PageBounds bounds;
  bounds.whole = request.page_size() == 0;
  bounds.arms =
      bounds.whole ? kMostArmsAtOnce : std::min(int64_t{request.page_size()}, kMostArmsAtOnce);
  bounds.blocks = bounds.arms;
  QF_ASSIGN_OR_RETURN(bounds.after, AfterOf(request.page_token()));
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(Page page, LoadPage(tx, request.matrix_id(), bounds));
    *response.mutable_comparison() = std::move(page.comparison);
    response.set_next_page_token(page.next);
    return OkStatus();
  }));
  return response;
}

Result<v1::Comparison> CompareMatrix(Connection& db, const std::string& matrix_id) {
  v1::CompareMatrixRequest request;
  request.set_matrix_id(matrix_id);
  QF_ASSIGN_OR_RETURN(auto response, CompareMatrix(db, request));
  return std::move(*response.mutable_comparison());
}

}  // namespace quantfleet::postgres
