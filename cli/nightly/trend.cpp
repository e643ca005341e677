// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ctime>

#include "cli/nightly/nightly.hpp"
#include "cli/nightly/series_choice.hpp"
#include "cli/nightly/trend_text.hpp"

namespace quantfleet::cli {
namespace {

bool GotSlower(const v1::Trend& trend, const Since& since) {
  const int first = FirstPlace(trend, since);
  const auto& changes = trend.change_points();
  return std::any_of(changes.begin(), changes.end(), [first](const v1::ChangePoint& change) {
    return change.verdict() == v1::VERDICT_SLOWER && static_cast<int>(change.index()) > first;
  });
}

void PrintTrends(Output output, const SeriesChoice& choice, const std::vector<v1::Trend>& trends) {
  if (output == Output::kCsv) {
    Print(TrendCsv(trends));
  } else if (output == Output::kTable) {
    Print(trends.size() == 1 ? TrendText(trends[0]) : TrendTable(trends));
  } else if (!choice.file.empty()) {
    Print(FullJsonOf(trends[0]));
  } else {
    v1::ListTrendsResponse response;
    for (const v1::Trend& trend : trends) *response.add_trends() = trend;
    Print(FullJsonOf(response));
  }
}

}  // namespace

int ShowTrend(const Common& common, const SeriesChoice& choice) {
  const auto since = ReadSince(choice.since, std::time(nullptr));
  if (!since.ok()) return Fail(since.status());
  const auto trends = ChosenTrends(common, choice);
  if (!trends.ok()) return Fail(trends.status());
  PrintTrends(common.output, choice, *trends);
  return std::any_of(trends->begin(), trends->end(),
                     [&](const v1::Trend& trend) { return GotSlower(trend, *since); })
             ? 1
             : 0;
}

}  // namespace quantfleet::cli
