// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/status.hpp"
#include "coordinator/nightly/cron.hpp"

namespace date {
class time_zone;
}

namespace quantfleet::nightly {

using Instant = std::chrono::sys_seconds;  // UTC

// A zone of the IANA time zone database, as this machine has it (Debian's tzdata). A value; its
// facts live as long as the process.
class TimeZone {
 public:
  // kInvalidArgument: no zone has this name ("Europe/Berlin", "UTC").
  static Result<TimeZone> Find(const std::string& name);
  const date::time_zone& get() const { return *zone_; }

 private:
  explicit TimeZone(const date::time_zone* zone) : zone_(zone) {}
  const date::time_zone* zone_;
};

// When a cron line is due in a zone.
//
// Where the zone's clocks jump, Debian's cron(8) is followed. A line that names times of day
// (neither minute nor hour begins with *) is due once on each of its days: a time that the clocks
// jump over is due when they have jumped, however many of its times lie in the gap, and one that
// comes twice is due the first time. A line that repeats is due whenever the clocks show one of its
// times: not in a gap, and twice where they go back.
class DueTimes {
 public:
  DueTimes(const Cron& cron, const TimeZone& zone) : cron_(cron), zone_(zone) {}

  // The first after `instant`; none within twelve years (February 30th) or past the year 9999.
  std::optional<Instant> After(Instant instant) const;
  // The last at or before `instant` and after `floor`, at most twelve years before; none if there
  // is none.
  std::optional<Instant> LastUpTo(Instant instant, Instant floor) const;

 private:
  Cron cron_;
  TimeZone zone_;
};

}  // namespace quantfleet::nightly
