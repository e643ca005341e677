// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "coordinator/scheduler/choice.hpp"

namespace quantfleet::scheduler {

// Who waits for blocks; what the dispatcher remembers of the session is added to it.
struct Asking {
  std::string session_id;
  std::vector<int64_t> classes;
  std::string device_class;
  double life_left_seconds = 0;
  int holds = 0;
  int wants = 1;
};

// A block that ended, for the books. Seconds.
struct Finished {
  std::string device_class;
  std::string principal;
  std::string cost_key;
  double estimate_seconds = 0;  // that was charged with its grant
  double run_seconds = 0;
};

// What a coordinator knows for choosing blocks: costs, shares, and which weights sessions have. All
// of it is in memory and may be lost: it says who comes first, never who may. Thread-safe.
class Dispatcher {
 public:
  explicit Dispatcher(const ChoicePolicy& policy = {}) : policy_(policy) {}

  // See choice.hpp. Charges the principals; what is not granted after all goes back with GiveBack.
  std::vector<Assignment> Choose(const std::vector<Asking>& asking,
                                 const std::vector<Candidate>& candidates);
  void GiveBack(const std::string& device_class, const std::string& principal, double seconds);
  void Learn(const std::vector<Finished>& finished);
  void SetWeights(const std::map<std::string, double>& weights);

  // Costs, for storing and after a start.
  std::vector<CostRow> Costs() const;
  void RestoreCosts(const std::vector<CostRow>& rows);
  // Forgets sessions that asked for nothing for an hour, and principals that have nothing to show.
  void Prune();

 private:
  // Weights that a session loaded last, and for how long they have been used in a row.
  struct Habit {
    std::string weights_key;
    double seconds = 0;
    Duration last{};  // of Clock::Steady
  };

  Seeker SeekerOf(const Asking& asking) const;
  void Remember(const std::string& session_id, const std::string& weights_key, double seconds);

  const ChoicePolicy policy_;
  mutable std::mutex mutex_;
  CostModel costs_;
  Shares shares_;
  std::map<std::string, Habit> habits_;
};

}  // namespace quantfleet::scheduler
