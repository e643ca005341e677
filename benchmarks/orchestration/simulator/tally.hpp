// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::bench {

// What happened to a fleet: counts, times of calls, every verdict. Of one thread.
class Tally {
 public:
  // `agents` are awaited by Mark. Verdicts go to `verdicts` unless it is empty.
  Tally(int agents, const std::string& verdicts);

  void Count(const std::string& what, uint64_t times = 1) { counts_[what] += times; }
  // Time that a call of this kind took.
  void Took(const std::string& kind, Duration time) { times_[kind].push_back(ToSeconds(time)); }
  void Error(const std::string& call, int code);
  void Granted(const v1::Grant& grant, Duration now);
  void Judged(const v1::ReportVerdict& verdict);
  // A matrix of one block was submitted: asked for at `asked`, acknowledged now.
  void Submitted(const std::string& matrix_id, Duration asked, Duration now);

  // From here on agents are awaited: each that `Synced` after it counts once.
  void Mark(Duration time);
  void Synced(int agent, Duration now);
  void Stopped(Duration now);

  // Counts until here are of the warm-up.
  void BeginWindow(Duration now);
  void EndWindow(Duration now);
  // The file of verdicts is complete.
  void Close() { verdicts_.close(); }

  // One line of JSON of everything.
  std::string ToJson(Duration now) const;
  // One short line of JSON: accepted, waiting for sync since the mark, errors.
  std::string Progress() const;

 private:
  struct Submission {
    Duration asked{}, acknowledged{}, granted{};
  };
  uint64_t CountOf(const std::string& what) const;

  const int agents_;
  std::ofstream verdicts_;
  std::map<std::string, uint64_t> counts_;
  std::map<std::string, std::vector<double>> times_;
  std::map<std::string, Submission> submissions_;
  std::vector<bool> synced_;
  int synced_count_ = 0;
  bool marked_ = false;
  Duration mark_{}, all_synced_{}, last_stop_{};
  uint64_t stops_ = 0, errors_ = 0;
  Duration window_begin_{}, window_end_{};
  uint64_t accepted_before_ = 0, accepted_within_ = 0;
};

}  // namespace quantfleet::bench
