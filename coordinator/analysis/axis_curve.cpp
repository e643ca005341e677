// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/axis_curve.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>

namespace quantfleet::analysis {
namespace {

std::optional<double> AxisValue(const v1::ComparisonRow& row, const std::string& axis) {
  const auto label = row.arm().labels().find(axis);
  if (label == row.arm().labels().end()) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(label->second.c_str(), &end);
  if (end == label->second.c_str() || *end != '\0' || !std::isfinite(value) || value <= 0) {
    return std::nullopt;
  }
  return value;
}

// Everything that is fixed along a curve, as one text.
std::string CurveKey(const v1::ComparisonRow& row, const std::string& axis) {
  std::map<std::string, std::string> labels(row.arm().labels().begin(), row.arm().labels().end());
  labels.erase(axis);
  std::string key = row.target() + '\n' + row.device_class();
  for (const auto& [name, value] : labels) key += '\n' + name + '=' + value;
  return key;
}

bool HasRatio(const v1::Ratio& ratio) {
  return ratio.verdict() == v1::VERDICT_FASTER || ratio.verdict() == v1::VERDICT_SLOWER ||
         ratio.verdict() == v1::VERDICT_SAME || ratio.verdict() == v1::VERDICT_AMBIGUOUS;
}

// All runs of the arm at one axis value as one point; nothing if none has a ratio.
std::optional<CurvePoint> MakePoint(double axis, const std::vector<const v1::Ratio*>& runs) {
  CurvePoint point;
  point.axis = axis;
  double count = 0;
  for (const v1::Ratio* run : runs) {
    if (!HasRatio(*run)) continue;
    const Interval one{std::log(run->ratio()), std::log(run->low()), std::log(run->high())};
    point.verdict =
        count == 0 || point.verdict == run->verdict() ? run->verdict() : v1::VERDICT_AMBIGUOUS;
    point.log_ratio.low = count == 0 ? one.low : std::min(point.log_ratio.low, one.low);
    point.log_ratio.high = count == 0 ? one.high : std::max(point.log_ratio.high, one.high);
    point.log_ratio.estimate += (one.estimate - point.log_ratio.estimate) / (count + 1);
    ++count;
  }
  if (count == 0) return std::nullopt;
  return point;
}

struct Group {
  const v1::ComparisonRow* example = nullptr;
  std::string baseline_name;
  std::map<double, std::vector<const v1::Ratio*>> runs;
};

std::map<std::string, std::string> BaselineNames(
    const std::vector<const v1::ComparisonRow*>& rows) {
  std::map<std::string, std::string> names;
  for (const v1::ComparisonRow* row : rows) {
    if (row->arm().role() == v1::ARM_ROLE_BASELINE) {
      names.emplace(row->block_id(), ArmName(row->arm().spec()));
    }
  }
  return names;
}

AxisCurve MakeCurve(const Group& group) {
  AxisCurve curve;
  curve.example = group.example;
  curve.baseline_name = group.baseline_name;
  for (const auto& [axis, runs] : group.runs) {
    if (const std::optional<CurvePoint> point = MakePoint(axis, runs)) {
      curve.points.push_back(*point);
    } else {
      curve.missing.push_back(axis);
    }
  }
  return curve;
}

}  // namespace

std::vector<AxisCurve> CurvesOf(const std::vector<const v1::ComparisonRow*>& rows,
                                const std::string& axis) {
  const std::map<std::string, std::string> baselines = BaselineNames(rows);
  std::map<std::string, size_t> index;
  std::vector<Group> groups;
  for (const v1::ComparisonRow* row : rows) {
    if (row->arm().role() != v1::ARM_ROLE_CANDIDATE) continue;
    const std::optional<double> value = AxisValue(*row, axis);
    if (!value) continue;
    const auto [place, added] = index.emplace(CurveKey(*row, axis), groups.size());
    if (added) {
      const auto baseline = baselines.find(row->block_id());
      groups.push_back({row, baseline == baselines.end() ? "the baseline" : baseline->second, {}});
    }
    groups[place->second].runs[*value].push_back(&row->ratio());
  }
  std::vector<AxisCurve> curves;
  for (const Group& group : groups) curves.push_back(MakeCurve(group));
  return curves;
}

std::string ArmName(const v1::ArmSpec& spec) {
  if (spec.kernel().empty() || spec.kernel() == "auto") return spec.format();
  return spec.format() + " " + spec.kernel();
}

}  // namespace quantfleet::analysis
