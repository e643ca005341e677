// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/clock.hpp"
#include "base/status.hpp"

namespace quantfleet::cli {

// What to run, and how it is told to end.
struct ChildSpec {
  std::string name;                    // for people and for the log file
  std::vector<std::string> arguments;  // the first is the program's path
  std::string log_file;                // takes stdout and stderr, appended
  std::string user;                    // to run as; empty: ours
  int stop_signal = 15;
};

// A process that is started again when it ends, with a pause that doubles from 0.2 s to 5 s while
// it keeps dying young. It gets stop_signal when we die (prctl PR_SET_PDEATHSIG). One thread uses
// it.
class Child {
 public:
  explicit Child(ChildSpec spec) : spec_(std::move(spec)) {}

  Status Start();
  // The process ended; starts it again when its pause is over. True if it runs.
  bool Tend(Duration now);
  // Called for every reaped process.
  void NoteEnd(pid_t pid, Duration now);
  // Asks it to end. Not restarted from now on.
  void Stop();
  void Kill();

  bool running() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  const std::string& name() const { return spec_.name; }
  void set_arguments(std::vector<std::string> arguments) { spec_.arguments = std::move(arguments); }

 private:
  ChildSpec spec_;
  pid_t pid_ = -1;
  bool stopping_ = false;
  Duration started_{};
  Duration restart_at_{};
  Duration pause_ = std::chrono::milliseconds(200);
};

// Runs to its end. kInternal with its output's last lines if it fails.
Status RunToEnd(const ChildSpec& spec);

}  // namespace quantfleet::cli
