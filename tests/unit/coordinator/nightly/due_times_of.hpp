// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <string>

#include <date/tz.h>
#include <gtest/gtest.h>

#include "coordinator/nightly/due.hpp"

namespace quantfleet::nightly {

inline DueTimes DueTimesOf(const std::string& line, const std::string& zone) {
  const auto cron = ParseCron(line);
  const auto found = TimeZone::Find(zone);
  EXPECT_TRUE(cron.ok() && found.ok()) << line << " " << zone;
  return {*cron, *found};
}

// "2026-03-29 01:30" in UTC.
inline Instant At(const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0;
  int hour = 0, minute = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "%d-%u-%u %d:%d", &year, &month, &day, &hour, &minute), 5);
  return date::sys_days(date::year(year) / date::month(month) / date::day(day)) +
         std::chrono::hours(hour) + std::chrono::minutes(minute);
}

inline std::string Text(Instant instant) {
  return date::format("%F %R", instant);
}

}  // namespace quantfleet::nightly
