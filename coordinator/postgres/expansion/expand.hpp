// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/expansion/block_rows.hpp"
#include "coordinator/postgres/matching.hpp"

namespace quantfleet::postgres {

// Arms that one transaction makes, or a little more: a block is never split. Some 30 MB of memory
// with those made ahead, and a tenth of a second in which the matrix cannot be cancelled.
constexpr uint64_t kArmsAChunk = 8000;

// The first blocks of `plan`, at most kArmsAChunk arms but at least one block.
std::vector<matrix::PlannedBlock> FirstBlocks(const std::shared_ptr<const matrix::Matrix>& matrix,
                                              const matrix::Plan& plan);

// Notes what is left to make of a matrix whose first blocks, with so many arms, are stored.
Status BeginExpansion(Transaction& tx, const std::string& matrix_id, const matrix::Plan& plan,
                      uint64_t blocks_made, uint64_t arms_made, ClassIds& classes);

// How far the expansion of a running matrix is, for people ("40000 of 125000 blocks are made"), and
// blocks that are left to make. No text if none is.
struct ExpansionProgress {
  std::string text;
  uint64_t blocks_left = 0;
};
Result<ExpansionProgress> ProgressOf(Transaction& tx, const std::string& matrix_id);

// Goes on with the expansions of running matrices, those of the highest priority first. Any number
// of replicas may do so at once: each matrix is worked on by one of them at a time, and what one
// that died had not committed another makes again, the same. Used by one thread at a time.
class Expander {
 public:
  // Makes one more chunk of one matrix. True: there may be more to do. A document that this
  // program cannot read is put off by a minute, for a replica of the version that took it.
  Result<bool> Advance(Connection& db);

 private:
  struct Job;
  static Result<Job> Load(Transaction& tx, const std::string& matrix_id);
  // Null, and the expansion is put off, if this program cannot make its blocks.
  Result<std::shared_ptr<const matrix::BlockMaker>> MakerOf(Transaction& tx, const Job& job);
  Status MakeChunk(Transaction& tx, const Job& job,
                   const std::shared_ptr<const matrix::BlockMaker>& maker);

  // The chunk that is likely wanted next, made while the database stores the one before it.
  struct Ahead {
    std::string matrix_id;
    uint64_t begin = 0;
    std::future<BlockRows> rows;
  };
  Ahead ahead_;
  // Of the matrices worked on last; parsing a large one anew for each chunk takes too long.
  std::map<std::string, std::shared_ptr<const matrix::BlockMaker>> makers_;
};

}  // namespace quantfleet::postgres
