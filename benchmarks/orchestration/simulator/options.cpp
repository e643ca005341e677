// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/orchestration/simulator/options.hpp"

#include <CLI/CLI.hpp>

namespace quantfleet::bench {
namespace {

void AddFleet(CLI::App& app, FleetOptions& o) {
  app.add_option("--coordinator", o.coordinators, "Address; several share the agents")
      ->delimiter(',');
  app.add_option("--name", o.name, "Agents are NAME-0, NAME-1 ...");
  app.add_option("--agents", o.agents, "Agents")->check(CLI::Range(1, 20'000));
  app.add_option("--connections", o.connections,
                 "Connections that the agents share; 0: one for each");
  app.add_option("--classes", o.classes, "Device classes")->check(CLI::Range(1, 1000));
  app.add_option("--batch", o.batch, "Blocks that an agent holds, and results it reports at once")
      ->check(CLI::Range(1, 128));
  app.add_option("--run-seconds", o.run_seconds, "Mean time that a block takes");
  app.add_option("--idle-seconds", o.idle_seconds, "Longest wait of an idle Sync");
  app.add_option("--ramp-seconds", o.ramp_seconds, "Agents start spread over this time");
  app.add_option("--rounds", o.rounds, "Rounds of each measurement, one sample each");
  app.add_option("--seed", o.seed, "Seed of run times and faults");
}

void AddFaults(CLI::App& app, Faults& f) {
  app.add_option("--vanish", f.vanish, "Chance, a grant, to be gone without a word");
  app.add_option("--restart", f.restart, "Chance, a grant, of Goodbye and Hello again");
  app.add_option("--hang-up", f.hang_up, "Chance, a call, to give it up before its answer");
  app.add_option("--duplicate", f.duplicate, "Chance, a report, to be sent twice");
  app.add_option("--down-seconds", f.down_seconds, "Time that an agent is gone");
}

}  // namespace

int ParseFleetOptions(int argc, char** argv, FleetOptions& options) {
  CLI::App app("Agents that run nothing: they lease blocks, wait and report made-up results.",
               "fleet_simulator");
  AddFleet(app, options);
  AddFaults(app, options.faults);
  app.add_option("--warm-up", options.warm_up_seconds, "Rates are counted after it. Seconds");
  app.add_option("--seconds", options.seconds,
                 "The agents stop after it; 0: at \"stop\" or the end of standard input");
  app.add_flag("--no-goodbye", options.no_goodbye, "At the end the agents are just gone");
  app.add_option("--verdicts", options.verdicts, "File to write every verdict to");
  app.add_option("--submit", options.document, "Matrix file to submit again and again");
  app.add_option("--submit-every", options.submit_seconds, "Mean time between submissions");
  app.add_option("--submissions", options.submissions, "How many");
  app.add_flag("--print-block", options.print_block,
               "Print the smallest valid block in binary, as hexadecimal digits, and end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (!options.print_block && options.coordinators.empty()) {
    std::fputs("fleet_simulator: --coordinator is missing\n", stderr);
    return 2;
  }
  return -1;
}

}  // namespace quantfleet::bench
