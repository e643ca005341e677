// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/nightly/due.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include <date/tz.h>

namespace quantfleet::nightly {
namespace {

constexpr int kMostDays = 12 * 366;
constexpr date::sys_days kLastDay{date::year{9999} / 12 / 31};

// Instants at which a clock of `zone` shows `local` and the line is due.
void AddInstants(const Cron& cron, const date::time_zone& zone, date::local_seconds local,
                 std::vector<Instant>* instants) {
  const date::local_info info = zone.get_info(local);
  const Instant first = Instant(local.time_since_epoch()) - info.first.offset;
  if (info.result == date::local_info::nonexistent) {
    if (!cron.repeats) instants->push_back(info.second.begin);
    return;
  }
  instants->push_back(first);
  if (info.result == date::local_info::ambiguous && cron.repeats) {
    instants->push_back(Instant(local.time_since_epoch()) - info.second.offset);
  }
}

// Due times of one local day, in no order; none if the day does not match.
std::vector<Instant> OfDay(const Cron& cron, const date::time_zone& zone, date::local_days day) {
  std::vector<Instant> instants;
  const date::year_month_day date(day);
  const unsigned weekday = date::weekday(day).c_encoding();
  if (!cron.MatchesDay(unsigned(date.month()), unsigned(date.day()), weekday)) return instants;
  for (size_t hour = 0; hour < cron.hours.size(); ++hour) {
    if (!cron.hours.test(hour)) continue;
    for (size_t minute = 0; minute < cron.minutes.size(); ++minute) {
      if (!cron.minutes.test(minute)) continue;
      AddInstants(cron, zone, day + std::chrono::hours(hour) + std::chrono::minutes(minute),
                  &instants);
    }
  }
  return instants;
}

date::local_days DayOf(const date::time_zone& zone, Instant instant) {
  return date::floor<date::days>(zone.to_local(instant));
}

}  // namespace

Result<TimeZone> TimeZone::Find(const std::string& name) {
  try {
    return TimeZone(date::locate_zone(name));
  } catch (const std::exception&) {
    return InvalidArgument("'" + name + "' is no time zone that this machine knows (like " +
                           "Europe/Berlin, America/New_York, UTC)");
  }
}

std::optional<Instant> DueTimes::After(Instant instant) const {
  if (instant >= kLastDay) return std::nullopt;
  const date::time_zone& zone = zone_.get();
  // From the day before: what a gap puts off may end on a later day.
  const date::local_days first = DayOf(zone, instant) - date::days(1);
  std::optional<Instant> best;
  for (int day = 0; day < kMostDays; ++day) {
    // A day after the one with a due time may still have an earlier one where clocks go back over
    // midnight.
    const bool last = best.has_value();
    for (const Instant due : OfDay(cron_, zone, first + date::days(day))) {
      if (due > instant && (!best || due < *best)) best = due;
    }
    if (last) return best;
  }
  return best;
}

std::optional<Instant> DueTimes::LastUpTo(Instant instant, Instant floor) const {
  const date::time_zone& zone = zone_.get();
  const date::local_days first = DayOf(zone, instant) + date::days(1);
  std::optional<Instant> best;
  for (int day = 0; day < kMostDays; ++day) {
    const bool last = best.has_value();
    for (const Instant due : OfDay(cron_, zone, first - date::days(day))) {
      if (due <= instant && due > floor && (!best || due > *best)) best = due;
    }
    // Two days below the floor nothing more can be above it.
    const bool below =
        Instant((first - date::days(day)).time_since_epoch()) + date::days(2) < floor;
    if (last || below) return best;
  }
  return best;
}

}  // namespace quantfleet::nightly
