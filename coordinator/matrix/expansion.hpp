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
};

// What a matrix comes to on a fleet, before any block is made.
struct Plan {
  std::vector<Copy> copies;
  uint64_t blocks = 0;
  uint64_t arms = 0;
  std::vector<Exclusion> exclusions;  // arms excluded by the file, with its reason
  std::vector<std::string>
      unmatched;  // targets that no device of `fleet` meets, with why, for people

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
  // `targets`: Plan::TargetNames.
  BlockMaker(std::shared_ptr<const Matrix> matrix, std::vector<std::string> targets);
  ~BlockMaker();

  uint64_t size() const;
  // Index in `targets` of the copy that a block belongs to.
  size_t CopyOf(uint64_t ordinal) const;
  // Without block_id and matrix_id. `ordinal` is less than size(). Ordinals run layer-major within
  // a copy, so that neighbours share weights, then through the copies, then through the repeats.
  v1::Block At(uint64_t ordinal) const;

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
