// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/verbs/verbs.hpp"

// The verbs of nightly runs; exit codes as in verbs.hpp.
namespace quantfleet::cli {

struct TrendOptions {
  std::string file;  // see trend_file.hpp
};
// Exit code 1 if a change point is to slower.
int ShowTrend(const Common& common, const TrendOptions& options);

struct ScheduleOptions {
  std::string name;
  std::string file;  // of the matrix
  std::string cron;
  std::string time_zone = "UTC";
  std::string misfire = "once";
  std::string overlap = "skip";
  unsigned jitter_seconds = 0;
  unsigned fires = 20;
};
int ScheduleAdd(const Common& common, const ScheduleOptions& options);
int ScheduleList(const Common& common);
int ScheduleShow(const Common& common, const ScheduleOptions& options);
int SchedulePause(const Common& common, const ScheduleOptions& options);
int ScheduleResume(const Common& common, const ScheduleOptions& options);
int ScheduleRemove(const Common& common, const ScheduleOptions& options);
// Prints the matrix id.
int ScheduleRun(const Common& common, const ScheduleOptions& options);

}  // namespace quantfleet::cli
