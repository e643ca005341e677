// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/search/line.hpp"

#include <map>
#include <utility>

#include "coordinator/analysis/axis_curve.hpp"

namespace quantfleet::analysis {
namespace {

// As far as values go that the matrix leaves out: each is tried once.
constexpr int kMostExcluded = 64;

// A curve's name among those of its line: device class and key.
using CurveName = std::pair<std::string, std::string>;

CurveName NameOf(const std::string& device_class,
                 const google::protobuf::Map<std::string, std::string>& labels,
                 const SearchSetting& setting) {
  google::protobuf::Map<std::string, std::string> fixed = labels;
  fixed.erase(setting.axis);
  return {device_class, setting.key(fixed)};
}

std::set<double> AddedTo(const CurveName& name, const std::vector<SearchPoint>& added) {
  std::set<double> values;
  for (const SearchPoint& point : added) {
    if (point.device_class == name.first && point.curves.contains(name.second)) {
      values.insert(point.value);
    }
  }
  return values;
}

// Passes over values at which the matrix has no such arm.
SearchStep StepOf(const AxisCurve& curve, const CurveName& name, const std::set<double>& added,
                  const SearchSetting& setting) {
  std::set<double> taken = added;
  for (const CurvePoint& point : curve.points) taken.insert(point.axis);
  taken.insert(curve.missing.begin(), curve.missing.end());
  SearchStep step;
  for (int i = 0; i < kMostExcluded; ++i) {
    step = NextPoints(curve, taken, static_cast<uint32_t>(added.size()), setting.policy);
    bool all = true;
    for (const double value : step.values) {
      if (setting.has(static_cast<uint32_t>(value), name.second)) continue;
      taken.insert(value);
      all = false;
    }
    if (all) return step;
  }
  return {{}, v1::SEARCH_OUTCOME_RESOLVED};
}

}  // namespace

LineDecision DecideLine(const v1::Comparison& measured, const std::vector<SearchPoint>& added,
                        const SearchSetting& setting) {
  std::vector<const v1::ComparisonRow*> rows;
  for (const v1::ComparisonRow& row : measured.rows()) rows.push_back(&row);
  std::map<CurveName, v1::CrossoverSearch> searches;
  std::map<std::pair<std::string, double>, std::set<std::string>> wanted;
  for (const AxisCurve& curve : CurvesOf(rows, setting.axis)) {
    const CurveName name =
        NameOf(curve.example->device_class(), curve.example->arm().labels(), setting);
    const std::set<double> values = AddedTo(name, added);
    const SearchStep step = StepOf(curve, name, values, setting);
    v1::CrossoverSearch& search = searches[name];
    search.set_outcome(step.outcome);
    search.mutable_added()->Add(values.begin(), values.end());
    for (const double value : step.values) wanted[{name.first, value}].insert(name.second);
  }
  LineDecision decision;
  for (auto& [place, curves] : wanted) {
    decision.next.push_back({place.first, place.second, std::move(curves)});
  }
  for (const v1::Crossover& crossover : measured.crossovers()) {
    if (crossover.axis() != setting.axis) continue;
    const CurveName name = NameOf(crossover.device_class(), crossover.labels(), setting);
    decision.curves.push_back({name.second, crossover});
    *decision.curves.back().crossover.mutable_search() = searches[name];
  }
  return decision;
}

}  // namespace quantfleet::analysis
