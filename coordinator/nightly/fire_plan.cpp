// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/nightly/fire_plan.hpp"

#include <algorithm>

#include "base/digest.hpp"

namespace quantfleet::nightly {
namespace {

Instant FireTime(const Timing& timing, Instant due) {
  return due + JitterOf(timing.schedule_id, due, timing.jitter);
}

// Fires what is due from `next_due` on, in order.
FirePlan FireAll(const Timing& timing, std::optional<Instant> next_due, Instant now) {
  FirePlan plan;
  while (next_due && FireTime(timing, *next_due) <= now && plan.fires.size() < kMostFires) {
    plan.fires.push_back({*next_due, false});
    next_due = timing.due_times.After(*next_due);
  }
  plan.next_due = next_due;
  return plan;
}

}  // namespace

std::chrono::seconds JitterOf(const std::string& schedule_id, Instant due,
                              std::chrono::seconds jitter) {
  if (jitter.count() <= 0) return std::chrono::seconds(0);
  const std::string digest =
      Sha256Hex(schedule_id + "@" + std::to_string(due.time_since_epoch().count()));
  const uint64_t number = std::stoull(digest.substr(0, 12), nullptr, 16);
  return std::chrono::seconds(number % (static_cast<uint64_t>(jitter.count()) + 1));
}

FirePlan PlanFires(const Timing& timing, Instant next_due, Instant now) {
  if (timing.misfire == Misfire::kAll) return FireAll(timing, next_due, now);
  // The latest due time that is so late that it was missed, even with the longest jitter.
  const auto missed =
      timing.due_times.LastUpTo(now - kGrace - timing.jitter, next_due - std::chrono::seconds(1));
  if (!missed) return FireAll(timing, next_due, now);
  FirePlan plan = FireAll(timing, timing.due_times.After(*missed), now);
  // Once: the latest of all that are over, which a newer one that is in time takes over.
  const bool skip = timing.misfire == Misfire::kSkip || !plan.fires.empty();
  plan.fires.insert(plan.fires.begin(), {*missed, skip});
  return plan;
}

}  // namespace quantfleet::nightly
