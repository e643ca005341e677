// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/nightly/series_choice.hpp"

#include <algorithm>
#include <charconv>

#include <google/protobuf/util/time_util.h>

#include "cli/nightly/trend_file.hpp"
#include "coordinator/analysis/series/trend.hpp"

namespace quantfleet::cli {
namespace {

constexpr int kMostDays = 100'000;

bool IsArm(const v1::Trend& trend, const std::string& arm) {
  const auto label = [&](const char* key) {
    const auto found = trend.labels().find(key);
    return found == trend.labels().end() ? std::string() : found->second;
  };
  return trend.arm_id().starts_with(arm) || label("format") == arm ||
         label("format") + " " + label("kernel") == arm;
}

}  // namespace

Result<Since> ReadSince(const std::string& text, int64_t now) {
  Since since;
  if (text.empty()) return since;
  int days = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, days);
  if (error == std::errc() && rest == end - 1 && *rest == 'd' && days >= 1 && days <= kMostDays) {
    since.nights = days;
    since.time = now - int64_t{days} * 24 * 3600;
    return since;
  }
  google::protobuf::Timestamp time;
  const bool is_date = text.size() == 10;
  if (!google::protobuf::util::TimeUtil::FromString(is_date ? text + "T00:00:00Z" : text, &time)) {
    return InvalidArgument("--since " + text + ": write 2026-11-01, 2026-11-01T02:30:00Z or 14d");
  }
  since.time = time.seconds();
  return since;
}

Result<std::vector<v1::Trend>> ChosenTrends(const Common& common, const SeriesChoice& choice) {
  if (!choice.file.empty()) {
    QF_ASSIGN_OR_RETURN(const std::string document, ReadDocument(choice.file));
    auto trend = ReadTrend(document);
    if (!trend.ok()) return trend.status().WithContext(choice.file);
    trend->set_series(choice.file);
    analysis::JudgeTrend(&*trend);
    return std::vector<v1::Trend>{*std::move(trend)};
  }
  v1::ListTrendsRequest request;
  request.set_series(choice.series);
  request.set_device_class(choice.device);
  QF_ASSIGN_OR_RETURN(const auto response, Client(common.remote).ListTrends(request));
  std::vector<v1::Trend> trends;
  for (const v1::Trend& trend : response.trends()) {
    if (choice.arm.empty() || IsArm(trend, choice.arm)) trends.push_back(trend);
  }
  if (trends.empty()) return NotFound("no series of " + choice.series + " is of " + choice.arm);
  return trends;
}

int FirstPlace(const v1::Trend& trend, const Since& since) {
  int place = 0;
  for (int i = 0; i < trend.points_size(); ++i) {
    const v1::TrendPoint& point = trend.points(i);
    const bool before = point.has_time() ? since.time && point.time().seconds() < *since.time
                                         : since.nights && i < trend.points_size() - *since.nights;
    if (before) place = i;
  }
  return place;
}

}  // namespace quantfleet::cli
