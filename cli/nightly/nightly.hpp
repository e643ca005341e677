// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/verbs/verbs.hpp"

// The verbs of nightly runs; exit codes as in verbs.hpp.
namespace quantfleet::cli {

// Where series come from: a file (trend_file.hpp), or a coordinator.
struct SeriesChoice {
  std::string series;  // name of matrices, or one series
  std::string file;    // instead of a coordinator
  std::string since;   // "2026-11-01", RFC 3339, or "14d"; empty: since ever
  std::string device;  // device class; empty: all
  std::string arm;     // format, "format kernel", or start of an arm id; empty: all
};
// Exit code 1 if a change point is to slower.
int ShowTrend(const Common& common, const SeriesChoice& choice);

struct GateOptions {
  SeriesChoice choice;
  std::string max_slowdown = "0%";  // "3%" or "0.03"
  std::string junit;                // file to write; empty: none
};
// Exit code 1 if a series fails or none could be judged. Without a series that is named, those of
// baselines take no part: what they show is the machine.
int Gate(const Common& common, const GateOptions& options);

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
