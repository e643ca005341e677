// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coordinator/matrix/canonical.hpp"
#include "coordinator/matrix/matrix.hpp"
#include "coordinator/scheduler/requirement.hpp"

#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::matrix {

// Arms that the matrix left out, counted by reason.
struct Exclusion {
  std::string because;
  uint64_t arms = 0;
};

// One run of all blocks: on a plain target, or on one device class of an `each` target.
struct Copy {
  std::string target;  // its name
  scheduler::Requirement requirement;
  std::string device_class;  // of an `each` target
};

// An `each` target that device classes may join later.
struct JoinWindow {
  std::string target;            // its name
  scheduler::Requirement where;  // of a device, whatever its class
  double seconds = 0;            // from the submission on
};

// What a device of `device_class` must meet to run the copy of its class.
scheduler::Requirement OfClass(scheduler::Requirement where, const std::string& device_class);

// What a matrix comes to on a fleet, before any block is made.
struct Plan {
  std::vector<Copy> copies;
  uint64_t blocks = 0;
  uint64_t arms = 0;
  std::vector<Exclusion> exclusions;  // arms excluded by the file, with its reason
  std::vector<std::string>
      unmatched;  // targets that no device of `fleet` meets, with why, for people
  std::vector<JoinWindow> joins;
  std::string search_axis;       // empty: nothing is searched
  uint64_t blocks_per_copy = 0;  // repeats included
  uint64_t arms_per_copy = 0;    // repeats included
  uint64_t max_arms = 0;         // of the matrix with all that joins

  // The target of each copy.
  std::vector<std::string> TargetNames() const;
};

// Plans `matrix`. `fleet` decides what `each: device_class` means and which targets are unmatched;
// a plain target is planned even if no device meets it now. Deterministic.
Plan PlanMatrix(const Matrix& matrix, const std::vector<scheduler::DeviceFacts>& fleet);

// Makes the blocks of a matrix in any order, each from its ordinal alone: nobody has to keep them,
// and who stopped goes on where he likes. Equal for equal matrices and targets. Immutable, so
// threads may share it.
class BlockMaker {
 public:
  // `targets`: Plan::TargetNames, and behind them those of copies that joined later, each with the
  // ordinal of its first block in `joined`.
  BlockMaker(std::shared_ptr<const Matrix> matrix, std::vector<std::string> targets,
             std::vector<uint64_t> joined = {});
  ~BlockMaker();

  uint64_t size() const;
  // Copies, those that joined later included.
  size_t copies() const;
  // Index in `targets` of the copy that a block belongs to, and its ordinal.
  size_t CopyOf(uint64_t number) const;
  uint64_t OrdinalOf(uint64_t number) const;
  // Without block_id and matrix_id. `number` is less than size(), and is the block's ordinal but in
  // copies that joined later. Numbers run layer-major within a copy, so that neighbours share
  // weights, then through the copies, then through the repeats; through the repeats of a copy that
  // joined, before the next one.
  v1::Block At(uint64_t number) const;

 private:
  struct Layout;
  const std::unique_ptr<const Layout> layout_;
};

// A block to be leased to any device that meets its requirement.
struct PlannedBlock {
  v1::Block block;  // without block_id and matrix_id
  scheduler::Requirement requirement;
};

// A plan with all its blocks, for matrices that fit in memory.
struct Expansion {
  std::vector<PlannedBlock> blocks;
  std::vector<Exclusion> exclusions;
  std::vector<std::string> unmatched;
};

// Plans `matrix` and makes all its blocks.
Expansion ExpandMatrix(const Matrix& matrix, const std::vector<scheduler::DeviceFacts>& fleet);

}  // namespace quantfleet::matrix
