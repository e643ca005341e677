// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// Goes on with the searches of running matrices: when no block of a line is open any more, stores
// what is known of its curves and adds the blocks that are to be measured next, or settles it; and
// ends a search when all its lines are settled. Any number of replicas may do so at once: what one
// of them read and decided it stores only if nobody else has added to the line since, under the
// lock of the matrix. Used by one thread at a time.
class Searcher {
 public:
  Searcher();
  ~Searcher();

  // Looks at some lines of one matrix. True: there may be more to do at once. A document that this
  // program cannot read is put off by a minute, for a replica of the version that took it.
  Result<bool> Advance(Connection& db);

 private:
  struct Known;
  struct Look;
  Status Inspect(Transaction& tx, Look& look);
  Status KnowMatrix(Look& look);

  // Of the matrix looked at last.
  std::string known_id_;
  std::shared_ptr<const Known> known_;
};

}  // namespace quantfleet::postgres
