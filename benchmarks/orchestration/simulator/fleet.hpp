// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/orchestration/simulator/agent.hpp"
#include "benchmarks/orchestration/simulator/submitter.hpp"

namespace quantfleet::bench {

// The agents, their connections and their common end.
class Fleet {
 public:
  // `options` outlives it. `document` is submitted if options ask for it.
  Fleet(const FleetOptions& options, const std::string& document);

  // Runs until options.seconds are over or standard input ends or says "stop", then hands in what
  // is left. Lines of input: "mark" awaits every agent's next Sync, "progress" prints a line of
  // JSON, "stop". Prints the tally as one line of JSON at the end.
  void Run();

 private:
  std::shared_ptr<grpc::Channel> NewChannel();
  std::shared_ptr<v1::AgentService::Stub> Share(int agent);
  void Obey(const std::string& command, Duration time);
  void Stop();
  bool Over();

  const FleetOptions& options_;
  Loop loop_;
  Tally tally_;
  std::vector<std::shared_ptr<grpc::Channel>> shared_;
  size_t next_address_ = 0;
  std::vector<std::unique_ptr<Agent>> agents_;
  std::unique_ptr<Submitter> submitter_;
  bool stopping_ = false;
  Duration give_up_{};
  size_t first_open_ = 0;  // agents before it are over
};

}  // namespace quantfleet::bench
