// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace quantfleet::bench {

// Lines of standard input, each with the time at which it came; "stop" at its end. A thread reads
// them until the program ends.
class Commands {
 public:
  Commands();
  // Those that came since the last call.
  std::vector<std::pair<std::string, Duration>> Take();
};

}  // namespace quantfleet::bench
