// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/trend.hpp"

#include <algorithm>

#include "cli/nightly/nightly.hpp"
#include "cli/nightly/trend_file.hpp"
#include "cli/nightly/trend_text.hpp"

namespace quantfleet::cli {

int ShowTrend(const Common& common, const TrendOptions& options) {
  const auto document = ReadDocument(options.file);
  if (!document.ok()) return Fail(document.status());
  auto trend = ReadTrend(*document);
  if (!trend.ok()) return Fail(trend.status().WithContext(options.file));
  trend->set_series(options.file);
  analysis::JudgeTrend(&*trend);
  switch (common.output) {
    case Output::kJson:
      Print(FullJsonOf(*trend));
      break;
    case Output::kCsv:
      Print(TrendCsv(*trend));
      break;
    case Output::kTable:
      Print(TrendText(*trend));
  }
  const auto& changes = trend->change_points();
  const bool slower = std::any_of(changes.begin(), changes.end(), [](const auto& change) {
    return change.verdict() == v1::VERDICT_SLOWER;
  });
  return slower ? 1 : 0;
}

}  // namespace quantfleet::cli
