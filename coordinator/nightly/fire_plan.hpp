// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/nightly/due.hpp"

namespace quantfleet::nightly {

// What happens to due times that passed while nobody could fire them.
enum class Misfire {
  kSkip,  // none of them is fired
  kOnce,  // the latest is
  kAll,   // all are, the oldest first
};
// What happens at a due time while the schedule's former matrix still runs.
enum class Overlap {
  kSkip,   // it is not fired
  kQueue,  // it waits until that is over
};

// Longest jitter that a schedule may ask for.
inline constexpr std::chrono::seconds kMostJitter = std::chrono::hours(6);
// A due time is missed when it is so much later and it was not fired.
inline constexpr std::chrono::seconds kGrace = std::chrono::minutes(5);
// Most due times that one plan fires: the rest come with the next.
inline constexpr size_t kMostFires = 20;

// A schedule, as far as its times are concerned.
struct Timing {
  DueTimes due_times;
  Misfire misfire = Misfire::kOnce;
  std::chrono::seconds jitter{0};  // 0 to kMostJitter
  std::string schedule_id;         // what its jitter depends on
};

// How much later than `due` the schedule fires: 0 to `jitter`, from the SHA-256 of schedule and due
// time, so that every replica says the same and schedules of the same hour spread.
std::chrono::seconds JitterOf(const std::string& schedule_id, Instant due,
                              std::chrono::seconds jitter);

// A due time that is over.
struct Fire {
  Instant due;
  bool missed = false;  // skipped by the misfire policy; stands for all that were missed before it
};

struct FirePlan {
  std::vector<Fire> fires;  // oldest first
  // The first due time that the plan leaves, if the line is ever due again.
  std::optional<Instant> next_due;
};

// What to fire at `now` of a schedule whose first due time that is not settled is `next_due`. Every
// due time up to `now`, jitter included, is either in `fires`, or was missed before one that is
// there, or is left with `next_due`: none is lost, and, since the plan that follows starts from
// next_due, none comes twice, wherever clocks jump.
FirePlan PlanFires(const Timing& timing, Instant next_due, Instant now);

}  // namespace quantfleet::nightly
