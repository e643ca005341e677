// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace quantfleet::cpu {

// Energy of the processor packages by Linux's powercap (RAPL): microjoules in files that wrap
// around. Source: Documentation/power/powercap/powercap.rst of the Linux kernel.
class Powercap {
 public:
  // The packages below `root`; none where the system has no such counters or keeps them from us.
  explicit Powercap(const std::string& root = "/sys/class/powercap");

  // Joules of all packages since the first call; absent without packages. Wrap-arounds between two
  // calls count if there was one at most (minutes at least).
  std::optional<double> ReadJoules();

 private:
  struct Package {
    std::string file;
    double range = 0;  // microjoules
    double last = 0;
  };
  std::vector<Package> packages_;
  double microjoules_ = 0;
};

}  // namespace quantfleet::cpu
