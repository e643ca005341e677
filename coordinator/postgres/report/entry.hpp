// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/report/result_rows.hpp"
#include "coordinator/postgres/report/store_reports.hpp"

namespace quantfleet::postgres {

// One result or failure of a batch, and what becomes of it.
struct Entry {
  size_t call = 0;
  std::string session_id;
  const v1::BlockResult* result = nullptr;    // either this
  const v1::BlockFailure* failure = nullptr;  // or that
  int64_t block_key = 0;
  v1::ReportVerdict verdict;

  // Of a result that fits its block.
  std::shared_ptr<const v1::Block> block;
  std::string digest;
  RatiosByArm ratios;

  uint64_t epoch() const { return result != nullptr ? result->epoch() : failure->epoch(); }
  bool decided() const { return verdict.disposition() != v1::DISPOSITION_UNSPECIFIED; }
  void Decide(v1::Disposition disposition, std::string reason = "");
};

// The entries of all calls, in order: results before failures. Those that need no lock to be judged
// (unknown block, granted to somebody else, unfit result) are decided; for the others everything
// that takes long is done. `refused[i]` is why call i as a whole gets no verdicts.
Result<std::vector<Entry>> PrepareEntries(Connection& db, const std::vector<ReportCall>& calls,
                                          std::vector<Status>& refused);

}  // namespace quantfleet::postgres
