// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/nightly/fire_plan.hpp"

#include <map>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/coordinator/nightly/due_times_of.hpp"

namespace quantfleet::nightly {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Timing TimingOf(const std::string& line, Misfire misfire, seconds jitter = seconds(0)) {
  return {DueTimesOf(line, "Europe/Berlin"), misfire, jitter, "sch_1"};
}

// A schedule that a coordinator looks at from time to time.
struct Replica {
  Timing timing;
  std::optional<Instant> next_due;
  std::map<Instant, bool> fires;  // by due time: fired (and not skipped)

  void LookAt(Instant now) {
    while (next_due) {
      const FirePlan plan = PlanFires(timing, *next_due, now);
      for (const Fire& fire : plan.fires) {
        EXPECT_TRUE(fires.emplace(fire.due, !fire.missed).second) << "twice: " << Text(fire.due);
        EXPECT_LE(fire.due, now);
      }
      next_due = plan.next_due;
      if (plan.fires.empty()) return;
    }
  }
  std::string Fired() const {
    std::string text;
    for (const auto& [due, fired] : fires) text += (fired ? Text(due) : "-" + Text(due)) + ";";
    return text;
  }
};

Replica Started(const Timing& timing, const std::string& at) {
  return {timing, timing.due_times.After(At(at)), {}};
}

// 26 hours without a coordinator, over three due times at 02:30 and 14:30 (UTC+1).
TEST(FirePlanTest, OutageOfTwentySixHours) {
  for (const auto& [misfire, fired] :
       {std::pair(Misfire::kSkip, "2026-01-10 01:30;-2026-01-11 13:30;2026-01-12 01:30;"),
        std::pair(Misfire::kOnce, "2026-01-10 01:30;2026-01-11 13:30;2026-01-12 01:30;"),
        std::pair(Misfire::kAll,
                  "2026-01-10 01:30;2026-01-10 13:30;2026-01-11 01:30;"
                  "2026-01-11 13:30;2026-01-12 01:30;")}) {
    Replica run = Started(TimingOf("30 2,14 * * *", misfire), "2026-01-10 00:00");
    run.LookAt(At("2026-01-10 01:30"));
    run.LookAt(At("2026-01-10 12:00"));
    run.LookAt(At("2026-01-11 14:00"));
    run.LookAt(At("2026-01-12 01:31"));
    EXPECT_EQ(run.Fired(), fired);
  }
}

TEST(FirePlanTest, OnceGivesWayToOneThatIsInTime) {
  Replica run = Started(TimingOf("30 2 * * *", Misfire::kOnce), "2026-01-10 00:00");
  run.LookAt(At("2026-01-12 01:32"));
  EXPECT_EQ(run.Fired(), "-2026-01-11 01:30;2026-01-12 01:30;");
}

TEST(FirePlanTest, BothChangesOfTheClocks) {
  Replica run = Started(TimingOf("30 2 * * *", Misfire::kSkip), "2026-03-28 12:00");
  for (Instant now = At("2026-03-28 12:00"); now < At("2026-03-30 12:00"); now += seconds(37)) {
    run.LookAt(now);
  }
  EXPECT_EQ(run.Fired(), "2026-03-29 01:00;2026-03-30 00:30;");
  run = Started(TimingOf("30 2 * * *", Misfire::kSkip), "2026-10-24 12:00");
  for (Instant now = At("2026-10-24 12:00"); now < At("2026-10-26 12:00"); now += seconds(37)) {
    run.LookAt(now);
  }
  EXPECT_EQ(run.Fired(), "2026-10-25 00:30;2026-10-26 01:30;");
}

TEST(FirePlanTest, JitterIsTheSameForAllAndSpreads) {
  std::set<int64_t> jitters;
  for (int i = 0; i < 200; ++i) {
    const Instant due = At("2026-01-01 00:00") + hours(24 * i);
    const seconds jitter = JitterOf("sch_1", due, minutes(10));
    EXPECT_EQ(jitter, JitterOf("sch_1", due, minutes(10)));
    EXPECT_GE(jitter.count(), 0);
    EXPECT_LE(jitter, minutes(10));
    jitters.insert(jitter.count());
  }
  EXPECT_GT(jitters.size(), 150U);
  EXPECT_NE(JitterOf("sch_1", At("2026-01-01 00:00"), hours(6)),
            JitterOf("sch_2", At("2026-01-01 00:00"), hours(6)));
  EXPECT_EQ(JitterOf("sch_1", At("2026-01-01 00:00"), seconds(0)).count(), 0);
}

TEST(FirePlanTest, NothingFiresBeforeItsJitter) {
  const Timing timing = TimingOf("30 2 * * *", Misfire::kSkip, hours(3));
  const Instant due = At("2026-01-11 01:30");
  const seconds jitter = JitterOf("sch_1", due, hours(3));
  ASSERT_GT(jitter.count(), 0);
  EXPECT_TRUE(PlanFires(timing, due, due + jitter - seconds(1)).fires.empty());
  ASSERT_EQ(PlanFires(timing, due, due + jitter).fires.size(), 1U);
  EXPECT_FALSE(PlanFires(timing, due, due + jitter).fires[0].missed);
}

// Outages of any length and clocks that step back and forth: with kAll every due time up to the
// latest that any look saw is fired, none twice; with kOnce none is fired twice, and after each
// look the latest due time is settled.
TEST(FirePlanPropertyTest, OutagesAndClockSteps) {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 40; ++trial) {
    const char* line = trial % 2 == 0 ? "*/30 * * * *" : "15 1,2,3 * * *";
    for (const Misfire misfire : {Misfire::kSkip, Misfire::kOnce, Misfire::kAll}) {
      const Timing timing = TimingOf(line, misfire, minutes(trial % 3));
      const Instant start = At("2026-10-22 00:00");
      Replica run{timing, timing.due_times.After(start), {}};
      Instant now = start;
      Instant latest = start;
      for (int look = 0; look < 60; ++look) {
        const int kind = static_cast<int>(random() % 10);
        now += kind == 0   ? seconds(26 * 3600)
               : kind == 1 ? seconds(-7200)
                           : seconds(random() % 3600);
        latest = std::max(latest, now);
        run.LookAt(now);
        ASSERT_FALSE(HasFailure()) << "trial " << trial;
        ASSERT_TRUE(run.next_due);
        EXPECT_GT(*run.next_due + JitterOf("sch_1", *run.next_due, timing.jitter), now);
      }
      if (misfire != Misfire::kAll) continue;
      for (auto due = timing.due_times.After(start);
           due && *due + JitterOf("sch_1", *due, timing.jitter) <= latest;
           due = timing.due_times.After(*due)) {
        EXPECT_TRUE(run.fires.count(*due) > 0 && run.fires[*due]) << Text(*due);
      }
    }
  }
}

}  // namespace
}  // namespace quantfleet::nightly
