// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/nightly/trend_file.hpp"

#include <cmath>
#include <map>

#include <nlohmann/json.hpp>

namespace quantfleet::cli {
namespace {

using Json = nlohmann::json;

constexpr size_t kMostNights = 10'000;

bool IsFinite(const Json& json) {
  return json.is_number() && std::isfinite(json.get<double>());
}

Status ReadValues(const Json& values, v1::Trend* trend) {
  if (!values.is_array()) return InvalidArgument("values: a list of numbers is expected");
  if (values.size() > kMostNights) {
    return InvalidArgument("values: " + std::to_string(values.size()) + " nights, at most " +
                           std::to_string(kMostNights));
  }
  for (const Json& value : values) {
    v1::TrendPoint* point = trend->add_points();
    if (value.is_null()) continue;
    if (!IsFinite(value)) {
      return InvalidArgument("values: night " + std::to_string(trend->points_size()) + " holds " +
                             value.dump() + ", not a finite number or null");
    }
    point->set_value(value.get<double>());
  }
  return OkStatus();
}

Status ReadAnchors(const Json& anchors, v1::Trend* trend) {
  if (!anchors.is_array() || anchors.size() != static_cast<size_t>(trend->points_size())) {
    return InvalidArgument("anchors: a list as long as values is expected");
  }
  for (int i = 0; i < trend->points_size(); ++i) {
    const Json& anchor = anchors[static_cast<size_t>(i)];
    if (anchor.is_null()) continue;
    if (!IsFinite(anchor) || anchor.get<double>() <= 0) {
      return InvalidArgument("anchors: night " + std::to_string(i + 1) + " holds " + anchor.dump() +
                             ", not a positive number or null");
    }
    trend->mutable_points(i)->set_anchor(anchor.get<double>());
  }
  return OkStatus();
}

Status ReadUnit(const Json& unit, v1::Trend* trend) {
  static const std::map<std::string, v1::TrendUnit> kUnits = {
      {"log_ratio", v1::TREND_UNIT_LOG_RATIO},
      {"ratio", v1::TREND_UNIT_RATIO},
      {"seconds", v1::TREND_UNIT_SECONDS}};
  const auto found = unit.is_string() ? kUnits.find(unit.get<std::string>()) : kUnits.end();
  if (found == kUnits.end()) {
    return InvalidArgument("unit: " + unit.dump() + " is not log_ratio, ratio or seconds");
  }
  trend->set_unit(found->second);
  return OkStatus();
}

}  // namespace

Result<v1::Trend> ReadTrend(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return InvalidArgument("a JSON object is expected");
  if (!json.contains("values")) return InvalidArgument("the key 'values' is missing");
  v1::Trend trend;
  QF_RETURN_IF_ERROR(ReadValues(json["values"], &trend));
  for (const auto& [key, value] : json.items()) {
    if (key == "unit") {
      QF_RETURN_IF_ERROR(ReadUnit(value, &trend));
    } else if (key == "anchors") {
      QF_RETURN_IF_ERROR(ReadAnchors(value, &trend));
    } else if (key == "minimum_detectable_effect") {
      if (!IsFinite(value) || value.get<double>() < 0) {
        return InvalidArgument(key + ": " + value.dump() + " is not a number of at least 0");
      }
      trend.set_minimum_detectable_effect(value.get<double>());
    } else if (key != "values") {
      return InvalidArgument("unknown key '" + key +
                             "' (known: values, unit, minimum_detectable_effect, anchors)");
    }
  }
  return trend;
}

}  // namespace quantfleet::cli
