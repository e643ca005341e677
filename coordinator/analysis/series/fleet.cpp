// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/fleet.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "coordinator/analysis/series/step_cause.hpp"

namespace quantfleet::analysis {
namespace {

constexpr int64_t kSameStepSeconds = 2 * 24 * 3600;

bool Steps(const v1::Trend& trend, const v1::ChangePoint& like) {
  return std::any_of(trend.change_points().begin(), trend.change_points().end(),
                     [&](const v1::ChangePoint& change) {
                       const int64_t apart = change.time().seconds() - like.time().seconds();
                       return change.verdict() == like.verdict() &&
                              std::abs(apart) <= kSameStepSeconds;
                     });
}

// The series about the time of `change`; none if it has no nights on both sides.
std::optional<FleetSeries> About(const SeriesHistory& history, const v1::ChangePoint& change,
                                 bool is_own) {
  const auto& points = history.trend.points();
  const auto after = std::find_if(points.begin(), points.end(), [&](const v1::TrendPoint& point) {
    return point.time().seconds() >= change.time().seconds();
  });
  if (after == points.begin() || after == points.end()) return std::nullopt;
  const auto place = static_cast<size_t>(after - points.begin());
  FleetSeries series{history.trend.device_class(),
                     history.architecture,
                     history.nights[place].host,
                     is_own || Steps(history.trend, change),
                     {},
                     {}};
  series.before = history.nights[place - 1].fingerprint;
  series.after = history.nights[place].fingerprint;
  return series;
}

bool SameArm(const SeriesHistory& one, const SeriesHistory& other) {
  return one.trend.arm_id() == other.trend.arm_id() &&
         one.baseline_arm_id == other.baseline_arm_id && one.trend.unit() == other.trend.unit();
}

}  // namespace

void ClassifySteps(std::vector<SeriesHistory>* fleet) {
  for (SeriesHistory& history : *fleet) {
    for (v1::ChangePoint& change : *history.trend.mutable_change_points()) {
      std::vector<FleetSeries> about;
      for (const SeriesHistory& other : *fleet) {
        if (!SameArm(history, other)) continue;
        if (auto series = About(other, change, &other == &history)) {
          about.push_back(*std::move(series));
        }
      }
      v1::StepCause cause = CauseOfStep(about);
      if (about.size() == 1 && cause.kind() == v1::STEP_CAUSE_KIND_UNCLEAR) continue;
      *change.mutable_cause() = std::move(cause);
    }
  }
}

}  // namespace quantfleet::analysis
