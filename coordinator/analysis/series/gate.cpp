// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/gate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "coordinator/analysis/series/change_point.hpp"

namespace quantfleet::analysis {
namespace {

std::string Percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.1f %%", 100 * fraction);
  return text;
}

// Of time, from one level to another.
Result<double> Slowdown(const v1::Trend& trend, double before, double after) {
  if (trend.unit() == v1::TREND_UNIT_LOG_RATIO) return std::expm1(after - before);
  if (before > 0 && after > 0) return after / before - 1;
  return InvalidArgument(trend.series() +
                         ": levels that are not positive have no slowdown; say \"unit\": "
                         "\"log_ratio\" if they are logarithms");
}

}  // namespace

Result<v1::GateCase> GateOf(const v1::Trend& trend, int first, double max_slowdown) {
  v1::GateCase made;
  made.set_series(trend.series());
  made.set_device_class(trend.device_class());
  *made.mutable_labels() = trend.labels();
  if (trend.nights() < 2 * kLeastNights) {
    made.set_verdict(v1::GATE_VERDICT_TOO_FEW_NIGHTS);
    made.set_reason("only " + std::to_string(trend.nights()) + " nights, at least " +
                    std::to_string(2 * kLeastNights) + " are needed");
    return made;
  }
  const v1::ChangePoint* start = nullptr;  // the first change since
  for (const v1::ChangePoint& change : trend.change_points()) {
    if (start == nullptr && static_cast<int>(change.index()) > first) start = &change;
  }
  if (start != nullptr) {
    const v1::ChangePoint& newest = *trend.change_points().rbegin();
    QF_ASSIGN_OR_RETURN(const double slowdown, Slowdown(trend, start->before(), newest.after()));
    made.set_slowdown(slowdown);
  }
  const bool failed = made.slowdown() > max_slowdown;
  made.set_verdict(failed ? v1::GATE_VERDICT_FAILED : v1::GATE_VERDICT_PASSED);
  if (start == nullptr) {
    made.set_reason("no change of its level");
  } else {
    made.set_reason(Percent(made.slowdown()) + " since night " +
                    std::to_string(start->index() + 1) + ", " + Percent(max_slowdown) +
                    " may pass");
    if (!start->cause().reason().empty())
      made.set_reason(made.reason() + "; " + start->cause().reason());
  }
  return made;
}

v1::GateReport ReportOf(std::span<const v1::GateCase> cases, double max_slowdown) {
  v1::GateReport report;
  report.set_max_slowdown(max_slowdown);
  bool failed = false;
  bool passed = false;
  for (const v1::GateCase& one : cases) {
    *report.add_cases() = one;
    failed = failed || one.verdict() == v1::GATE_VERDICT_FAILED;
    passed = passed || one.verdict() == v1::GATE_VERDICT_PASSED;
  }
  report.set_passed(passed && !failed);
  return report;
}

}  // namespace quantfleet::analysis
