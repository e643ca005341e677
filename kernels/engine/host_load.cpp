// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/host_load.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace quantfleet::engine {

ProcessorTimes ReadProcessorTimes() {
  ProcessorTimes times;
  std::ifstream file("/proc/stat");
  std::string label;
  // user nice system idle iowait irq softirq steal: the first line of proc(5)'s /proc/stat.
  std::array<double, 8> ticks = {};
  if (!(file >> label) || label != "cpu") return times;
  for (double& value : ticks) file >> value;
  const auto per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const double value : ticks) times.all += value / per_second;
  times.busy = times.all - (ticks[3] + ticks[4]) / per_second;
  rusage own = {};
  getrusage(RUSAGE_SELF, &own);
  for (const timeval& part : {own.ru_utime, own.ru_stime}) {
    times.own += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) * 1e-6;
  }
  return times;
}

double HostLoad::ForeignShare() const {
  const ProcessorTimes now = read_();
  const double all = now.all - begin_.all;
  if (all <= 0) return 0;
  const double foreign = (now.busy - begin_.busy) - (now.own - begin_.own);
  return std::clamp(foreign / all, 0.0, 1.0);
}

}  // namespace quantfleet::engine
