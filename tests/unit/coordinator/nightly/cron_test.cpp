// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/nightly/cron.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantfleet::nightly {
namespace {

using ::testing::HasSubstr;

Cron Parsed(const std::string& line) {
  const auto cron = ParseCron(line);
  EXPECT_TRUE(cron.ok()) << line << ": " << cron.status().message();
  return cron.ok() ? *cron : Cron();
}

TEST(CronTest, FieldsListsRangesAndSteps) {
  const Cron cron = Parsed("5,10-12 */6\t1-31/10  Jan,dec MON-fri");
  EXPECT_EQ(cron.minutes.count(), 4U);
  for (const size_t minute : {5U, 10U, 11U, 12U}) EXPECT_TRUE(cron.minutes.test(minute));
  EXPECT_EQ(cron.hours.to_ulong(), 1U | 1U << 6U | 1U << 12U | 1U << 18U);
  EXPECT_EQ(cron.days.to_ulong(), 1U << 1U | 1U << 11U | 1U << 21U | 1U << 31U);
  EXPECT_EQ(cron.months.to_ulong(), 1U << 1U | 1U << 12U);
  EXPECT_EQ(cron.weekdays.to_ulong(), 0b0111110U);
  EXPECT_TRUE(cron.repeats);
  EXPECT_FALSE(Parsed("30 2 * * *").repeats);
}

TEST(CronTest, SundayIsBothEnds) {
  EXPECT_EQ(Parsed("0 0 * * 7").weekdays.to_ulong(), 1U);
  EXPECT_EQ(Parsed("0 0 * * sun").weekdays.to_ulong(), 1U);
  EXPECT_EQ(Parsed("0 0 * * 5-7").weekdays.to_ulong(), 0b1100001U);
}

TEST(CronTest, TwoRestrictedDayFieldsAreEither) {
  const Cron either = Parsed("0 0 13 * fri");
  EXPECT_TRUE(either.MatchesDay(6, 13, 1));
  EXPECT_TRUE(either.MatchesDay(6, 14, 5));
  EXPECT_FALSE(either.MatchesDay(6, 14, 4));
  const Cron both = Parsed("0 0 */2 * fri");
  EXPECT_FALSE(both.MatchesDay(6, 2, 5)) << "*/2 begins with *: 1, 3, 5 ...";
  EXPECT_TRUE(both.MatchesDay(6, 3, 5));
  EXPECT_FALSE(both.MatchesDay(6, 3, 4));
}

TEST(CronTest, NamedLines) {
  EXPECT_EQ(Parsed("@daily").hours.to_ulong(), 1U);
  EXPECT_EQ(Parsed("@Weekly").weekdays.to_ulong(), 1U);
  EXPECT_EQ(Parsed("@hourly").hours.count(), 24U);
}

TEST(CronTest, SaysWhatIsWrong) {
  for (const auto& [line, what] : {std::pair("", "this one 0"),
                                   std::pair("* * * *", "this one 4"),
                                   std::pair("* * * * * *", "this one 6"),
                                   std::pair("60 * * * *", "minute '60': 60 is not"),
                                   std::pair("* 24 * * *", "hour"),
                                   std::pair("* * 0 * *", "day of the month"),
                                   std::pair("* * * 13 *", "month"),
                                   std::pair("* * * * 8", "day of the week"),
                                   std::pair("x * * * *", "'x' is no number"),
                                   std::pair("* * * foo *", "no name"),
                                   std::pair("5-1 * * * *", "ends before it starts"),
                                   std::pair("*/0 * * * *", "step"),
                                   std::pair("5/2 * * * *", "a step takes"),
                                   std::pair("1-2-3 * * * *", "two ends"),
                                   std::pair("*/2/2 * * * *", "more than one step"),
                                   std::pair("1,,2 * * * *", "''"),
                                   std::pair("-1 * * * *", "''"),
                                   std::pair("99999999999 * * * *", "no number"),
                                   std::pair("@reboot", "five fields"),
                                   std::pair("+1 * * * *", "no number")}) {
    const auto cron = ParseCron(line);
    ASSERT_FALSE(cron.ok()) << line;
    EXPECT_EQ(cron.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(cron.status().message(), HasSubstr(what)) << line;
  }
}

}  // namespace
}  // namespace quantfleet::nightly
