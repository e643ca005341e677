// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/nightly/trend_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <utility>

#include <google/protobuf/util/time_util.h>

#include "base/units.hpp"
#include "cli/comparison_text.hpp"
#include "cli/output.hpp"

namespace quantfleet::cli {
namespace {

constexpr int kMostBars = 100;
constexpr int kTableBars = 30;
constexpr const char* kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

bool TakesPart(const v1::TrendPoint& point) {
  return point.has_value() && point.excluded().empty();
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string Exact(bool known, double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return known ? text : "";
}

std::string Percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.1f %%", 100 * fraction);
  return text;
}

std::string When(const v1::ChangePoint& change) {
  std::string text = "night " + std::to_string(change.index() + 1);
  if (!change.has_time()) return text;
  return text + " (" + google::protobuf::util::TimeUtil::ToString(change.time()) + ")";
}

// Least and greatest value from the night of place `first` on.
std::pair<double, double> RangeOf(const v1::Trend& trend, int first) {
  double low = INFINITY;
  double high = -INFINITY;
  for (int i = first; i < trend.points_size(); ++i) {
    if (!TakesPart(trend.points(i))) continue;
    low = std::min(low, trend.points(i).value());
    high = std::max(high, trend.points(i).value());
  }
  return {low, high};
}

std::string Bars(const v1::Trend& trend, int first) {
  const auto [low, high] = RangeOf(trend, first);
  std::string bars;
  for (int i = first; i < trend.points_size(); ++i) {
    const v1::TrendPoint& point = trend.points(i);
    if (!TakesPart(point)) {
      bars += point.has_value() ? "x" : " ";
      continue;
    }
    const double place = high > low ? (point.value() - low) / (high - low) : 0.5;
    bars += kBars[std::min(7, static_cast<int>(8 * place))];
  }
  return bars;
}

std::string Marks(const v1::Trend& trend, int first) {
  std::string marks(static_cast<size_t>(trend.points_size() - first), ' ');
  for (const v1::ChangePoint& change : trend.change_points()) {
    const int place = static_cast<int>(change.index()) - first;
    if (place >= 0) marks[static_cast<size_t>(place)] = '^';
  }
  const size_t last = marks.find_last_not_of(' ');
  return last == std::string::npos ? "" : marks.substr(0, last + 1) + "\n";
}

std::string ArmText(const v1::Trend& trend) {
  std::string text;
  for (const auto& [key, value] :
       std::map<std::string, std::string>(trend.labels().begin(), trend.labels().end())) {
    text += (text.empty() ? "" : " ") + key + "=" + value;
  }
  return text;
}

// The newest level, as a time or a ratio.
std::string LevelText(const v1::Trend& trend) {
  std::vector<double> level;
  const int start =
      trend.change_points().empty() ? 0 : static_cast<int>(trend.change_points().rbegin()->index());
  for (int i = start; i < trend.points_size(); ++i) {
    if (TakesPart(trend.points(i))) level.push_back(trend.points(i).value());
  }
  if (level.empty()) return "-";
  double sum = 0;
  for (const double value : level) sum += value;
  const double mean = sum / static_cast<double>(level.size());
  if (trend.unit() == v1::TREND_UNIT_SECONDS) return FormatSeconds(mean);
  if (trend.unit() == v1::TREND_UNIT_LOG_RATIO) return "x" + Number(std::exp(mean));
  return Number(mean);
}

void AddNights(const v1::Trend& trend, Table* table) {
  int next = 0;
  for (int i = 0; i < trend.points_size(); ++i) {
    const v1::TrendPoint& point = trend.points(i);
    const bool here = next < trend.change_points_size() &&
                      static_cast<int>(trend.change_points(next).index()) == i;
    const std::string word = here ? VerdictWord(trend.change_points(next).verdict()) : "";
    if (here) ++next;
    const std::string time =
        point.has_time() ? google::protobuf::util::TimeUtil::ToString(point.time()) : "";
    table->Add(
        {trend.series(), trend.device_class(), ArmText(trend), std::to_string(i), time,
         Exact(point.has_value(), point.value()), Exact(point.has_seconds(), point.seconds()),
         Exact(point.has_anchor(), point.anchor()), point.excluded(), std::to_string(next), word});
  }
}

std::string Line(const v1::ChangePoint& change) {
  std::string text = When(change) + ": " + VerdictWord(change.verdict()) + ", ";
  if (change.has_relative_change()) text += Percent(change.relative_change()) + ", ";
  text += Number(change.before()) + " -> " + Number(change.after()) + ", change " +
          Number(change.change()) + " [" + Number(change.low()) + ", " + Number(change.high()) +
          "], p " + Number(change.p_value());
  if (!change.cause().reason().empty()) text += "; " + change.cause().reason();
  return text + "\n";
}

}  // namespace

std::string TrendText(const v1::Trend& trend) {
  std::string text = trend.series() + ": ";
  if (!trend.device_class().empty()) {
    text += trend.device_class() + ", " + ArmText(trend) + ", ";
  }
  text += std::to_string(trend.nights()) + " nights";
  const int out = trend.points_size() - static_cast<int>(trend.nights());
  if (out > 0) text += ", " + std::to_string(out) + " more that take no part";
  text += ", noise of a night " + Number(trend.night_noise()) + "\n";
  if (trend.nights() == 0) return text;
  const int first = std::max(0, trend.points_size() - kMostBars);
  if (first > 0) text += "the newest " + std::to_string(kMostBars) + " nights:\n";
  const auto [low, high] = RangeOf(trend, first);
  text += Bars(trend, first) + "  " + Number(low) + " to " + Number(high) + "\n";
  text += Marks(trend, first);
  for (const v1::ChangePoint& change : trend.change_points()) text += Line(change);
  if (trend.change_points().empty()) text += "no change point\n";
  return text;
}

std::string TrendTable(const std::vector<v1::Trend>& trends) {
  Table table({"series", "device class", "arm", "nights", "level", "change", "newest nights"});
  std::string changes;
  for (const v1::Trend& trend : trends) {
    const v1::ChangePoint* last =
        trend.change_points().empty() ? nullptr : &*trend.change_points().rbegin();
    std::string change = "-";
    if (last != nullptr) {
      change = last->has_relative_change() ? Percent(last->relative_change())
                                           : VerdictWord(last->verdict());
    }
    const int first = std::max(0, trend.points_size() - kTableBars);
    table.Add({trend.series(), trend.device_class(), ArmText(trend), std::to_string(trend.nights()),
               LevelText(trend), change, Bars(trend, first)});
    for (const v1::ChangePoint& one : trend.change_points()) {
      changes += trend.series() + ", " + Line(one);
    }
  }
  return table.AsText() + (changes.empty() ? "\nno change point\n" : "\n" + changes);
}

std::string TrendCsv(const std::vector<v1::Trend>& trends) {
  Table table({"series", "device class", "arm", "index", "time", "value", "seconds", "anchor",
               "excluded", "level", "change"});
  for (const v1::Trend& trend : trends) AddNights(trend, &table);
  return table.AsCsv();
}

}  // namespace quantfleet::cli
