// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>

namespace quantfleet::engine {

// Processor time since the machine started, in seconds over all processors.
struct ProcessorTimes {
  double busy = 0;
  double all = 0;
  // Of this process, within busy.
  double own = 0;
};

// From /proc/stat and getrusage; steps of 10 ms. Zero where the system does not say.
ProcessorTimes ReadProcessorTimes();

// Where to read them, replaced in tests.
using ProcessorTimesSource = std::function<ProcessorTimes()>;

// How much of the host's processors others (other processes, and the hypervisor's other guests)
// took while this process measured.
class HostLoad {
 public:
  // Starts the interval.
  explicit HostLoad(ProcessorTimesSource read = ReadProcessorTimes)
      : read_(std::move(read)), begin_(read_()) {}
  // Busy time of others since the start over the time of all processors. Fraction in [0, 1]; 0
  // where the system does not say.
  double ForeignShare() const;

 private:
  ProcessorTimesSource read_;
  ProcessorTimes begin_;
};

}  // namespace quantfleet::engine
