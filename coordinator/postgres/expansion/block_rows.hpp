// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::postgres {

// Blocks of one matrix on their way into the database, in order of their ordinals.
class BlockRows {
 public:
  void Add(const v1::Block& block, int64_t class_id);
  uint64_t blocks() const { return ordinals_.size(); }
  uint64_t arms() const { return arms_total_; }

  // Stores the blocks in one statement. The first kMostQueued of a matrix are queued at once; the
  // others are pending, and fed to the queue (feed.hpp).
  Status Insert(Transaction& tx, const std::string& matrix_id) const;

 private:
  std::vector<int64_t> ordinals_, class_ids_, arms_, ends_;
  std::vector<std::string> targets_, cost_keys_, weights_keys_;
  std::string specs_;  // one after the other; each ends at its entry of ends_
  uint64_t arms_total_ = 0;
};

}  // namespace quantfleet::postgres
