// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/nightly/due.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/coordinator/nightly/due_times_of.hpp"

namespace quantfleet::nightly {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Due times in (from, to], as text.
std::vector<std::string> Between(const DueTimes& due, const std::string& from,
                                 const std::string& to) {
  std::vector<std::string> texts;
  for (auto next = due.After(At(from)); next && *next <= At(to); next = due.After(*next)) {
    texts.push_back(Text(*next));
  }
  return texts;
}

using Texts = std::vector<std::string>;

// Berlin: 2026-03-29 01:00 UTC, 02:00 becomes 03:00; 2026-10-25 01:00 UTC, 03:00 becomes 02:00.
TEST(DueTest, ATimeThatIsJumpedOverIsDueWhenTheClocksHaveJumped) {
  const DueTimes due = DueTimesOf("30 2 * * *", "Europe/Berlin");
  EXPECT_EQ(Between(due, "2026-03-28 00:00", "2026-03-31 00:00"),
            (Texts{"2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"}));
  const DueTimes twice = DueTimesOf("10,50 2 * * *", "Europe/Berlin");
  EXPECT_EQ(Between(twice, "2026-03-29 00:00", "2026-03-29 12:00"), (Texts{"2026-03-29 01:00"}))
      << "both of them lie in the gap, which ends once";
}

TEST(DueTest, ATimeThatComesTwiceIsDueTheFirstTime) {
  const DueTimes due = DueTimesOf("30 2 * * *", "Europe/Berlin");
  EXPECT_EQ(Between(due, "2026-10-24 12:00", "2026-10-26 12:00"),
            (Texts{"2026-10-25 00:30", "2026-10-26 01:30"}));
}

TEST(DueTest, ALineThatRepeatsFollowsTheClock) {
  const DueTimes due = DueTimesOf("*/30 2 * * *", "Europe/Berlin");
  EXPECT_EQ(Between(due, "2026-03-29 00:00", "2026-03-29 12:00"), Texts{});
  EXPECT_EQ(Between(due, "2026-10-25 00:00", "2026-10-25 12:00"),
            (Texts{"2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30"}))
      << "00:00 UTC is 02:00 for the first time";
  EXPECT_EQ(
      Between(DueTimesOf("0 * * * *", "Europe/Berlin"), "2026-10-24 22:00", "2026-10-25 23:00")
          .size(),
      25U);
}

TEST(DueTest, ADayThatIsLeftOutIsDueAtItsEnd) {
  // Samoa skipped 2011-12-30.
  EXPECT_EQ(
      Between(DueTimesOf("0 12 * * *", "Pacific/Apia"), "2011-12-29 00:00", "2012-01-01 00:00"),
      (Texts{"2011-12-29 22:00", "2011-12-30 10:00", "2011-12-30 22:00", "2011-12-31 22:00"}));
}

TEST(DueTest, RareDays) {
  EXPECT_EQ(Text(*DueTimesOf("0 0 29 2 *", "UTC").After(At("2096-03-01 00:00"))),
            "2104-02-29 00:00");
  EXPECT_FALSE(DueTimesOf("0 0 30 2 *", "UTC").After(At("2026-01-01 00:00")));
  EXPECT_FALSE(DueTimesOf("* * * * *", "UTC").After(At("9999-12-31 00:00")));
}

TEST(DueTest, UnknownZonesAreRefused) {
  for (const char* name : {"", "Berlin", "Europe/Nowhere", "../../etc/passwd", "CEST"}) {
    EXPECT_EQ(TimeZone::Find(name).status().code(), StatusCode::kInvalidArgument) << name;
  }
}

// The same by walking minute by minute over what the clocks of the zone show.
Texts Walked(const std::string& line, const std::string& zone, Instant from, Instant to) {
  const Cron cron = *ParseCron(line);
  const date::time_zone& rules = *date::locate_zone(zone);
  Texts texts;
  const auto matches = [&](date::local_seconds local) {
    const auto day = date::floor<date::days>(local);
    const date::year_month_day date(day);
    const auto minute = std::chrono::floor<minutes>(local - day).count();
    return cron.MatchesDay(unsigned(date.month()), unsigned(date.day()),
                           date::weekday(day).c_encoding()) &&
           cron.hours.test(static_cast<size_t>(minute / 60)) &&
           cron.minutes.test(static_cast<size_t>(minute % 60));
  };
  for (Instant now = from + minutes(1); now <= to; now += minutes(1)) {
    const auto local = rules.to_local(now);
    const auto former = rules.to_local(now - minutes(1));
    bool due = matches(local);
    if (!cron.repeats) {
      // Shown before: the clocks went back over it.
      const auto info = rules.get_info(local);
      if (info.result == date::local_info::ambiguous && now >= info.second.begin) due = false;
      for (auto skipped = former + minutes(1); skipped < local; skipped += minutes(1)) {
        due = due || matches(skipped);
      }
    }
    if (due) texts.push_back(Text(now));
  }
  return texts;
}

TEST(DuePropertyTest, AgreesWithAWalkOverTheClock) {
  std::mt19937_64 random(7);
  const char* zones[] = {"Europe/Berlin",
                         "America/New_York",
                         "Australia/Lord_Howe",
                         "Africa/Casablanca",
                         "America/Havana",
                         "Asia/Kathmandu",
                         "UTC"};
  const char* lines[] = {"30 2 * * *",     "*/20 * * * *",  "15 */3 * * *",   "0 0 * * *",
                         "5,35 1-3 * * *", "59 23 * * sun", "10 0,2 1-7 * 0", "7 1 */2 * *"};
  for (int trial = 0; trial < 60; ++trial) {
    const std::string zone = zones[random() % std::size(zones)];
    const std::string line = lines[random() % std::size(lines)];
    // About a change of the clocks where the zone has one.
    const Instant about = At("2026-01-01 00:00") + hours(random() % (365 * 24));
    const Instant change = std::chrono::floor<minutes>(std::min(
        date::locate_zone(zone)->get_info(about).end, date::sys_seconds(At("2027-12-01 00:00"))));
    const Instant from = change - hours(60);
    const Instant to = change + hours(60);
    EXPECT_EQ(Between(DueTimesOf(line, zone), Text(from), Text(to)), Walked(line, zone, from, to))
        << line << " " << zone << " about " << Text(change);
  }
}

TEST(DuePropertyTest, LastIsTheOneBeforeTheNext) {
  std::mt19937_64 random(8);
  for (const char* zone : {"Europe/Berlin", "America/Havana", "UTC"}) {
    for (const char* line : {"30 2 * * *", "*/20 * * * *", "0 0 1 * *", "15 0 * * mon"}) {
      const DueTimes due = DueTimesOf(line, zone);
      for (int trial = 0; trial < 40; ++trial) {
        const Instant now = At("2026-03-01 00:00") + minutes(random() % (300 * 24 * 60));
        const auto last = due.LastUpTo(now, At("2025-01-01 00:00"));
        ASSERT_TRUE(last);
        EXPECT_LE(*last, now);
        EXPECT_GT(*due.After(*last), now) << line << " " << zone << " " << Text(now);
        EXPECT_EQ(due.LastUpTo(*last, *last - minutes(1)), last);
        EXPECT_FALSE(due.LastUpTo(now, *last));
      }
    }
  }
}

}  // namespace
}  // namespace quantfleet::nightly
