// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "coordinator/analysis/search/line.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/result_service.pb.h"

namespace quantfleet::postgres {

// A line of a matrix: the copy of the blocks, and the line within (matrix/grid/lines.hpp).
using LinePlace = std::pair<int32_t, int32_t>;

// A matrix that is searched, as it stands.
struct SearchJob {
  std::string matrix_id;
  std::string document;
  uint64_t version = 0;   // of the matrix
  bool complete = false;  // all blocks of the file are made, and nobody can join
  std::vector<std::string> targets;
  std::vector<int64_t> class_ids;
  std::vector<uint64_t> joined;
};

// Stores that a matrix is searched.
Status OpenSearch(Transaction& tx, const std::string& matrix_id, const matrix::Plan& plan);

// A running matrix of which something changed since its search looked; no id without one.
Result<SearchJob> FindSearch(Transaction& tx);

// The blocks of a matrix by ordinal.
struct BlockState {
  int64_t block_id = 0;
  bool open = false;
};
Result<std::map<uint64_t, BlockState>> LoadStates(Transaction& tx, const std::string& matrix_id);

// What a search added, by ordinal.
struct AddedBlock {
  LinePlace place;
  analysis::SearchPoint point;
};
Result<std::map<uint64_t, AddedBlock>> LoadAdded(Transaction& tx, const std::string& matrix_id);
Result<std::set<LinePlace>> LoadSettled(Transaction& tx, const std::string& matrix_id);

// Of one line, under the lock of the matrix.
Status SaveCurves(Transaction& tx, const std::string& matrix_id, const LinePlace& place,
                  const std::vector<analysis::SearchedCurve>& curves);
Status SaveAdded(Transaction& tx, const std::string& matrix_id, uint64_t ordinal,
                 const AddedBlock& block);
Status Settle(Transaction& tx, const std::string& matrix_id, const LinePlace& place, bool settled);

// What a running matrix still searches, for people; empty if nothing.
Result<std::string> SearchOf(Transaction& tx, const std::string& matrix_id);

// Crossovers of a matrix: those that its search stored, or else those between the values of its
// file. kNotFound: no such matrix.
Result<v1::ListCrossoversResponse> ListCrossovers(Connection& db, const std::string& matrix_id);

}  // namespace quantfleet::postgres
