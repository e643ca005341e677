// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/gate.hpp"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>

#include "cli/nightly/junit.hpp"
#include "cli/nightly/nightly.hpp"
#include "cli/nightly/series_choice.hpp"

namespace quantfleet::cli {
namespace {

// "3%", "3 %" or "0.03", as a fraction of 0 to 10.
Result<double> ReadFraction(const std::string& text) {
  char unit[3] = {};
  double number = 0;
  int used = 0;
  const int read = std::sscanf(text.c_str(), "%lf %2s%n", &number, unit, &used);
  const bool percent =
      read == 2 && std::string(unit) == "%" && used == static_cast<int>(text.size());
  const double fraction = percent ? number / 100 : number;
  const bool plain = read == 1 && text.find_last_not_of("0123456789.eE+-") == std::string::npos;
  if ((!percent && !plain) || !(fraction >= 0 && fraction <= 10)) {
    return InvalidArgument("--max-slowdown " + text + ": write 3% or 0.03, at least 0");
  }
  return fraction;
}

std::string WordOf(v1::GateVerdict verdict) {
  switch (verdict) {
    case v1::GATE_VERDICT_PASSED:
      return "passed";
    case v1::GATE_VERDICT_FAILED:
      return "failed";
    default:
      return "too few nights";
  }
}

Result<v1::GateReport> Judge(const Common& common, const GateOptions& options) {
  QF_ASSIGN_OR_RETURN(const double max_slowdown, ReadFraction(options.max_slowdown));
  QF_ASSIGN_OR_RETURN(const Since since, ReadSince(options.choice.since, std::time(nullptr)));
  QF_ASSIGN_OR_RETURN(const auto trends, ChosenTrends(common, options.choice));
  std::vector<v1::GateCase> cases;
  for (const v1::Trend& trend : trends) {
    const bool is_baseline = !trend.arm_id().empty() && trend.unit() == v1::TREND_UNIT_SECONDS;
    if (is_baseline && trends.size() > 1) continue;
    QF_ASSIGN_OR_RETURN(auto one, analysis::GateOf(trend, FirstPlace(trend, since), max_slowdown));
    cases.push_back(std::move(one));
  }
  return analysis::ReportOf(cases, max_slowdown);
}

Status Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file ? OkStatus() : InvalidArgument("cannot write " + path);
}

}  // namespace

int Gate(const Common& common, const GateOptions& options) {
  const auto report = Judge(common, options);
  if (!report.ok()) return Fail(report.status());
  if (!options.junit.empty()) {
    const Status written = Write(options.junit, JunitOf(*report));
    if (!written.ok()) return Fail(written);
  }
  if (common.output == Output::kJson) {
    Print(FullJsonOf(*report));
  } else {
    Table table({"series", "device class", "verdict", "reason"});
    for (const v1::GateCase& one : report->cases()) {
      table.Add({one.series(), one.device_class(), WordOf(one.verdict()), one.reason()});
    }
    Print(common.output == Output::kCsv ? table.AsCsv() : table.AsText());
  }
  return report->passed() ? 0 : 1;
}

}  // namespace quantfleet::cli
