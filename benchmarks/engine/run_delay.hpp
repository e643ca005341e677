// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace quantfleet::bench {

// How long the threads of this process were ready to run but had no processor, because others used
// it: the kernel's run_delay (Linux, Documentation/scheduler/sched-stats.rst,
// /proc/<pid>/schedstat). About a microsecond a thread to read.
class RunDelay {
 public:
  // Watches the threads that exist now.
  RunDelay();
  ~RunDelay();
  RunDelay(const RunDelay&) = delete;
  RunDelay& operator=(const RunDelay&) = delete;

  // Sum over the threads since each began; 0 where the system does not say. Seconds.
  double Seconds() const;

 private:
  std::vector<int> files_;
};

}  // namespace quantfleet::bench
