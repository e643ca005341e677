// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "coordinator/matrix/matrix.hpp"
#include "coordinator/scheduler/requirement.hpp"

#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::matrix {

// A block to be leased to any device that meets its requirement.
struct PlannedBlock {
  v1::Block block;  // without block_id and matrix_id
  scheduler::Requirement requirement;
};

// Arms that the matrix left out, counted by reason.
struct Exclusion {
  std::string because;
  uint64_t arms = 0;
};

// What a matrix comes to on a fleet.
struct Expansion {
  std::vector<PlannedBlock> blocks;   // layer-major, so that neighbours share weights
  std::vector<Exclusion> exclusions;  // arms excluded by the file, with its reason
  std::vector<std::string>
      unmatched;  // targets that no device of `fleet` meets, with why, for people
};

// Expands `matrix`. `fleet` decides what `each: device_class` means and which targets are
// unmatched; blocks of a plain target are made even if no device meets it now. Deterministic.
Expansion ExpandMatrix(const Matrix& matrix, const std::vector<scheduler::DeviceFacts>& fleet);

// Lower-case hex SHA-256 of the canonical JSON of `spec` (see ArmSpec in arm.proto).
std::string ArmId(const v1::ArmSpec& spec);

}  // namespace quantfleet::matrix
