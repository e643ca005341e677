// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <string_view>

#include "base/status.hpp"

namespace quantfleet::nightly {

// A cron line of five fields, as crontab(5) of Debian's cron has it: minute (0-59), hour (0-23),
// day of the month (1-31), month (1-12 or jan-dec), day of the week (0-7 or sun-sat; 0 and 7 are
// Sunday). A field is *, a number or name, a range a-b, with a step /n behind * or a range, or a
// list of these with commas. Days: if both day fields are restricted (neither begins with *), a day
// that matches either does; otherwise both must match. @hourly, @daily (@midnight), @weekly,
// @monthly and @yearly (@annually) stand for the usual lines.
struct Cron {
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;     // of the month, from 1
  std::bitset<13> months;   // from 1
  std::bitset<7> weekdays;  // from Sunday
  bool any_day = false;     // the field begins with *
  bool any_weekday = false;
  // Minute or hour begins with *: meant by the clock's hands and not by a time of day (due.hpp).
  bool repeats = false;

  // Of a date; `weekday` from Sunday, 0.
  bool MatchesDay(unsigned month, unsigned day, unsigned weekday) const;
};

// kInvalidArgument: names the field and what is wrong with it.
Result<Cron> ParseCron(std::string_view line);

}  // namespace quantfleet::nightly
