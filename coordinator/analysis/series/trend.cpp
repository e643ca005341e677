// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/trend.hpp"

#include <cmath>
#include <cstdio>
#include <optional>
#include <vector>

#include "coordinator/analysis/series/anchor.hpp"
#include "coordinator/analysis/series/change_point.hpp"
#include "coordinator/analysis/series/noise.hpp"

namespace quantfleet::analysis {
namespace {

void ExcludeByAnchor(v1::Trend* trend) {
  std::vector<std::optional<double>> anchors;
  for (const v1::TrendPoint& point : trend->points()) {
    anchors.push_back(point.has_anchor() ? std::optional(point.anchor()) : std::nullopt);
  }
  const std::vector<bool> out = AnchorsOutOfBand(anchors);
  for (size_t i = 0; i < out.size(); ++i) {
    v1::TrendPoint* point = trend->mutable_points(static_cast<int>(i));
    if (!out[i] || !point->excluded().empty()) continue;
    char text[80];
    std::snprintf(text, sizeof text, "anchor out of band: %.4g", point->anchor());
    point->set_excluded(text);
  }
}

std::optional<double> RelativeChange(v1::TrendUnit unit, const ChangePoint& change) {
  if (unit == v1::TREND_UNIT_LOG_RATIO) return std::expm1(change.after - change.before);
  if (unit == v1::TREND_UNIT_UNSPECIFIED || change.before <= 0) return std::nullopt;
  return change.after / change.before - 1;
}

}  // namespace

void JudgeTrend(v1::Trend* trend) {
  ExcludeByAnchor(trend);
  std::vector<double> values;
  std::vector<int> places;
  for (int i = 0; i < trend->points_size(); ++i) {
    const v1::TrendPoint& point = trend->points(i);
    if (!point.has_value() || !point.excluded().empty()) continue;
    values.push_back(point.value());
    places.push_back(i);
  }
  trend->set_nights(static_cast<uint32_t>(values.size()));
  trend->set_night_noise(NightNoise(values));
  trend->clear_change_points();
  for (const ChangePoint& found : FindChangePoints(values, trend->minimum_detectable_effect())) {
    v1::ChangePoint* change = trend->add_change_points();
    change->set_index(static_cast<uint32_t>(places[found.index]));
    const v1::TrendPoint& point = trend->points(places[found.index]);
    if (point.has_time()) *change->mutable_time() = point.time();
    change->set_before(found.before);
    change->set_after(found.after);
    change->set_change(found.after - found.before);
    change->set_low(found.low);
    change->set_high(found.high);
    if (const auto relative = RelativeChange(trend->unit(), found)) {
      change->set_relative_change(*relative);
    }
    change->set_p_value(found.p_value);
    change->set_verdict(found.after > found.before ? v1::VERDICT_SLOWER : v1::VERDICT_FASTER);
  }
}

}  // namespace quantfleet::analysis
