// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/probe/probe.hpp"
#include "base/status.hpp"

namespace quantfleet::agent {

// What the agent was told by flags, QUANTFLEET_* variables and the configuration file, in this
// order of precedence.
struct AgentOptions {
  std::string coordinator = "127.0.0.1:7070";
  // Folder of certificates; empty: no TLS, and the coordinator is on this machine.
  std::string identity;
  std::string enrol_token_file;
  // Default: the coordinator's address.
  std::string enrol_address;
  // Default: the host's name.
  std::string name;
  // One CPU device for each; 0 takes every processor.
  std::vector<uint32_t> cpu_threads = {0};
  DeviceChoice devices = DeviceChoice::kAll;
  // Default: below $XDG_STATE_HOME or ~/.local/state, by name.
  std::string spool;
  std::map<std::string, std::string> labels;
  std::string engine;
  bool share_host = false;
  // Blocks to have waiting behind the one that runs.
  uint32_t prefetch = 1;
  // How long the host lasts from now on; 0: it stays. Seconds.
  double life_seconds = 0;
  bool json_log = false;
};

// Reads the command line and the environment. `*exit_code` is -1 to go on; otherwise help, version
// or an error was printed and the program is to end with it.
AgentOptions ParseOptions(int argc, char** argv, int* exit_code);

// From "key=value" texts. kInvalidArgument.
Result<std::map<std::string, std::string>> ParseLabels(const std::vector<std::string>& texts);

}  // namespace quantfleet::agent
