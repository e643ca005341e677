// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "tests/model/lease_model.hpp"

namespace quantfleet::model {

struct Exploration {
  size_t states = 0;
  size_t steps = 0;
  // The first invariant that broke and the shortest way there, one step a line; empty: none did.
  std::string violation;
};

// Visits every state that can be reached from a fresh matrix, breadth first, and checks each state
// and each step. Then asks from every state whether the end can still be reached by helpful steps
// alone, whichever of the agents is gone for ever. Stops at the first violation. About 100 bytes a
// state.
Exploration Explore(Broken broken);

}  // namespace quantfleet::model
