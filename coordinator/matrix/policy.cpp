// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/policy.hpp"

#include <algorithm>

#include "coordinator/matrix/fields.hpp"

namespace quantfleet::matrix {
namespace {

constexpr double kMaxSeconds = 3600;
constexpr uint32_t kMaxSamples = 1000000;
constexpr uint32_t kMaxRounds = 100000;

// Both ends of a fraction's interval are excluded.
std::optional<double> ReadFractionWithin(const YamlNode& node, const std::string& what, double low,
                                         double high, const std::string& hint, Report* report) {
  std::optional<double> fraction = ReadFraction(node, what, report);
  if (!fraction || (*fraction > low && *fraction < high)) return fraction;
  report->Add(node.place,
              what + " is " + Quoted(node.text) + ", more than " + NumberText(low) +
                  " and less than " + NumberText(high) + " is asked for",
              hint);
  return std::nullopt;
}

std::optional<double> ReadSeconds(const YamlNode& node, const std::string& what, Report* report) {
  std::optional<double> seconds = ReadNumber(node, what, "seconds", report);
  if (!seconds || (*seconds > 0 && *seconds <= kMaxSeconds)) return seconds;
  report->Add(node.place, what + " is " + node.text.substr(0, 24) + ", more than 0 and at most " +
                              NumberText(kMaxSeconds) + " seconds are allowed");
  return std::nullopt;
}

void ReadSecondsPair(const Fields& fields, v1::MeasurePolicy* policy, Report* report) {
  const YamlNode* min = fields.Find("min_seconds");
  const YamlNode* max = fields.Find("max_seconds");
  if (min != nullptr) {
    const auto seconds = ReadSeconds(*min, "min_seconds", report);
    policy->set_min_seconds(seconds.value_or(policy->min_seconds()));
  }
  if (max != nullptr) {
    const auto seconds = ReadSeconds(*max, "max_seconds", report);
    policy->set_max_seconds(seconds.value_or(policy->max_seconds()));
  }
  if (policy->min_seconds() <= policy->max_seconds()) return;
  if (min != nullptr && max != nullptr) {
    report->Add(min->place, "min_seconds is more than max_seconds");
  } else if (min != nullptr) {
    policy->set_max_seconds(policy->min_seconds());
  } else {
    policy->set_min_seconds(policy->max_seconds());
  }
}

void ReadRounds(const YamlNode& node, v1::MeasurePolicy* policy, Report* report) {
  const Fields fields(node, "rounds", {"min", "max"}, report);
  const auto read = [&](const YamlNode* count, const std::string& what, uint32_t otherwise) {
    if (count == nullptr) return otherwise;
    const auto number = ReadInteger(*count, what, 1, kMaxRounds, report);
    return static_cast<uint32_t>(number.value_or(otherwise));
  };
  const YamlNode* min = fields.Find("min");
  const YamlNode* max = fields.Find("max");
  policy->set_min_rounds(read(min, "the least number of rounds", policy->min_rounds()));
  policy->set_max_rounds(read(max, "the greatest number of rounds", policy->max_rounds()));
  if (policy->min_rounds() <= policy->max_rounds()) return;
  if (min != nullptr && max != nullptr) {
    report->Add(node.place, "rounds has a min above its max");
  } else if (min != nullptr) {
    policy->set_max_rounds(policy->min_rounds());
  } else {
    policy->set_min_rounds(policy->max_rounds());
  }
}

}  // namespace

v1::MeasurePolicy DefaultPolicy() {
  v1::MeasurePolicy policy;
  policy.set_relative_interval(0.01);
  policy.set_confidence(0.95);
  policy.set_max_seconds(20);
  policy.set_min_seconds(0.1);
  policy.set_min_samples(10);
  policy.set_min_rounds(5);
  policy.set_max_rounds(200);
  return policy;
}

v1::MeasurePolicy ReadPolicy(const YamlNode& node, std::string* cache, Report* report) {
  v1::MeasurePolicy policy = DefaultPolicy();
  const Fields fields(
      node, "measure",
      {"relative_ci", "confidence", "min_seconds", "max_seconds", "min_samples", "rounds", "cache"},
      report);
  if (const YamlNode* value = fields.Find("relative_ci")) {
    const auto fraction =
        ReadFractionWithin(*value, "relative_ci", 0, 0.5, "3% is written 3% or 0.03", report);
    policy.set_relative_interval(fraction.value_or(policy.relative_interval()));
  }
  if (const YamlNode* value = fields.Find("confidence")) {
    const auto fraction =
        ReadFractionWithin(*value, "confidence", 0.5, 1, "95% is written 95% or 0.95", report);
    policy.set_confidence(fraction.value_or(policy.confidence()));
  }
  ReadSecondsPair(fields, &policy, report);
  if (const YamlNode* value = fields.Find("min_samples")) {
    const auto samples = ReadInteger(*value, "min_samples", 1, kMaxSamples, report);
    policy.set_min_samples(static_cast<uint32_t>(samples.value_or(policy.min_samples())));
  }
  if (const YamlNode* value = fields.Find("rounds")) ReadRounds(*value, &policy, report);
  if (const YamlNode* value = fields.Find("cache")) {
    static const Vocabulary kCaches = {{"cold", "warm"}, {}};
    *cache = ReadWord(*value, "cache", kCaches, report).value_or(*cache);
  }
  return policy;
}

}  // namespace quantfleet::matrix
