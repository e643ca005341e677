// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quantfleet::bench {

// Chances of what goes wrong on an agent. Each is drawn, by seed, once a grant or report.
struct Faults {
  double vanish = 0;     // gone without a word while it holds blocks; back after `down_seconds`
  double restart = 0;    // says Goodbye while it holds blocks, and Hello again
  double hang_up = 0;    // a call is given up before its answer is read
  double duplicate = 0;  // a report is sent a second time
  double down_seconds = 1;
};

struct FleetOptions {
  std::vector<std::string> coordinators;  // agents are dealt out over them
  std::string name = "simulated";         // agents are NAME-0, NAME-1 ...
  int agents = 1;
  int connections = 0;       // shared by the agents; 0: each has its own
  int classes = 1;           // device classes "cpu/simulated-0/2t" ..., dealt out over the agents
  int batch = 1;             // blocks that an agent wants to hold, results of a Report
  double run_seconds = 0;    // mean time that a block takes, half to one and a half of it
  double idle_seconds = 25;  // longest wait of an idle Sync
  double ramp_seconds = 0;   // agents start spread over this time
  int rounds = 1;            // of one sample each, for each arm of a result
  uint32_t seed = 1;
  Faults faults;

  double warm_up_seconds = 0;  // rates are counted after it
  bool no_goodbye = false;     // at the end they are just gone
  double seconds = 0;          // then the agents stop; 0: when told on standard input
  std::string verdicts;        // file of "block epoch disposition" lines, one a verdict

  std::string document;         // submitted again and again, to take the time until the grant
  double submit_seconds = 0.2;  // mean time between submissions
  int submissions = 0;

  bool print_block = false;  // print the smallest block's bytes, and end
};

// Fills `options`, or prints help or what is wrong. Returns an exit code to end with, or -1.
int ParseFleetOptions(int argc, char** argv, FleetOptions& options);

}  // namespace quantfleet::bench
