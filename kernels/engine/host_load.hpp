// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace quantfleet::engine {

// How much of the host's processors others (other processes, and the hypervisor's other guests)
// took while this process measured. From /proc/stat and getrusage; steps of 10 ms.
class HostLoad {
 public:
  // Starts the interval.
  HostLoad();
  // Busy time of others since the start over the time of all processors. Fraction in [0, 1]; 0
  // where the system does not say.
  double ForeignShare() const;

 private:
  struct Times {
    double busy = 0;
    double all = 0;
    double own = 0;
  };
  static Times Read();

  Times begin_;
};

}  // namespace quantfleet::engine
