// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/dispatcher.hpp"

#include <chrono>

namespace quantfleet::scheduler {
namespace {

constexpr Duration kForgetAfter = std::chrono::hours(1);

}  // namespace

Seeker Dispatcher::SeekerOf(const Asking& asking) const {
  Seeker seeker;
  seeker.session_id = asking.session_id;
  seeker.classes = asking.classes;
  seeker.device_class = asking.device_class;
  seeker.life_left_seconds = asking.life_left_seconds;
  seeker.holds = asking.holds;
  seeker.wants = asking.wants;
  if (const auto habit = habits_.find(asking.session_id); habit != habits_.end()) {
    seeker.last_weights_key = habit->second.weights_key;
    seeker.sticky_seconds = habit->second.seconds;
  }
  return seeker;
}

void Dispatcher::Remember(const std::string& session_id, const std::string& weights_key,
                          double seconds) {
  Habit& habit = habits_[session_id];
  if (habit.weights_key != weights_key) habit.seconds = 0;
  habit.weights_key = weights_key;
  habit.seconds += seconds;
  habit.last = Clock::Steady()->Now();
}

std::vector<Assignment> Dispatcher::Choose(const std::vector<Asking>& asking,
                                           const std::vector<Candidate>& candidates) {
  const std::lock_guard lock(mutex_);
  std::vector<Seeker> seekers;
  seekers.reserve(asking.size());
  for (const Asking& one : asking) seekers.push_back(SeekerOf(one));
  std::vector<Assignment> chosen =
      scheduler::Choose(seekers, candidates, &shares_, costs_, policy_);
  for (const Assignment& one : chosen) {
    Remember(asking[static_cast<size_t>(one.seeker)].session_id,
             candidates[static_cast<size_t>(one.candidate)].weights_key, one.estimate_seconds);
  }
  return chosen;
}

void Dispatcher::GiveBack(const std::string& device_class, const std::string& principal,
                          double seconds) {
  const std::lock_guard lock(mutex_);
  shares_.Correct(device_class, principal, seconds, 0);
}

void Dispatcher::Learn(const std::vector<Finished>& finished) {
  const std::lock_guard lock(mutex_);
  for (const Finished& one : finished) {
    costs_.Observe(one.device_class, one.cost_key, one.run_seconds);
    shares_.Correct(one.device_class, one.principal, one.estimate_seconds, one.run_seconds);
  }
}

void Dispatcher::SetWeights(const std::map<std::string, double>& weights) {
  const std::lock_guard lock(mutex_);
  for (const auto& [principal, weight] : weights) shares_.SetWeight(principal, weight);
}

std::vector<CostRow> Dispatcher::Costs() const {
  const std::lock_guard lock(mutex_);
  return costs_.Snapshot();
}

void Dispatcher::RestoreCosts(const std::vector<CostRow>& rows) {
  const std::lock_guard lock(mutex_);
  costs_.Restore(rows);
}

void Dispatcher::Prune() {
  const Duration now = Clock::Steady()->Now();
  const std::lock_guard lock(mutex_);
  std::erase_if(habits_, [&](const auto& entry) { return entry.second.last + kForgetAfter < now; });
  shares_.Prune();
}

}  // namespace quantfleet::scheduler
