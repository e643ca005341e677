// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <utility>

#include "base/units.hpp"
#include "cli/output.hpp"

namespace quantfleet::cli {
namespace {

using Choices = std::vector<const v1::PolicyChoice*>;

std::string Times(double factor) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.2fx", factor);
  return text.data();
}

std::string Number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

std::string Axes(const v1::PolicyChoice& choice) {
  const std::map<std::string, std::string> sorted(choice.labels().begin(), choice.labels().end());
  std::string text;
  for (const auto& [axis, value] : sorted) {
    text += (text.empty() ? "" : " ") + (axis == "layer" ? value : axis + "=" + value);
  }
  return text;
}

std::string Cost(const v1::PolicyChoice& choice) {
  switch (choice.verdict()) {
    case v1::VERDICT_SAME:
      return "none";
    case v1::VERDICT_NOT_COMPARABLE:
      return "unknown: " + choice.verdict_reason();
    default:
      return Times(choice.cost()) + " [" + Times(choice.cost_low()) + ", " +
             Times(choice.cost_high()) + "]" +
             (choice.verdict() == v1::VERDICT_SLOWER ? "" : ", not shown");
  }
}

std::vector<std::string> Line(const v1::PolicyChoice& choice) {
  const bool has_ratio = choice.has_against_baseline();
  return {Axes(choice),
          std::to_string(choice.batch()),
          choice.format(),
          choice.kernel().empty() ? "?" : choice.kernel(),
          choice.reason(),
          choice.has_seconds() ? FormatSeconds(choice.seconds()) : "",
          has_ratio ? Times(1 / choice.against_baseline().ratio()) : "",
          choice.fastest_kernel(),
          choice.has_fastest_seconds() ? FormatSeconds(choice.fastest_seconds()) : "",
          Cost(choice)};
}

std::string Summary(const Choices& choices) {
  size_t known = 0, slower = 0;
  const v1::PolicyChoice* worst = nullptr;
  for (const v1::PolicyChoice* choice : choices) {
    if (choice->verdict() == v1::VERDICT_NOT_COMPARABLE) continue;
    ++known;
    if (choice->verdict() != v1::VERDICT_SLOWER) continue;
    ++slower;
    if (worst == nullptr || choice->cost() > worst->cost()) worst = choice;
  }
  std::string text = choices.front()->policy() + " on " + choices.front()->device_class() + ": ";
  if (known == 0) return text + "no pick could be judged.\n";
  text += "its pick is slower than another kernel of the format at " + std::to_string(slower) +
          " of " + std::to_string(known) + " points";
  if (worst == nullptr) return text + ".\n";
  return text + "; most at batch " + std::to_string(worst->batch()) + " of " + Axes(*worst) +
         " with " + worst->format() + ", where " + worst->kernel() + " takes " +
         Times(worst->cost()) + " the time of " + worst->fastest_kernel() + ".\n";
}

}  // namespace

Result<std::vector<const analysis::DispatchPolicy*>> PoliciesNamed(const std::string& name) {
  std::vector<const analysis::DispatchPolicy*> found;
  std::string names;
  for (const analysis::DispatchPolicy& policy : analysis::DispatchPolicies()) {
    if (name == "all" || name == policy.name) found.push_back(&policy);
    names += (names.empty() ? "" : ", ") + std::string(policy.name);
  }
  if (!found.empty()) return found;
  return NotFound("no dispatch policy is called \"" + name + "\"; there are " + names +
                  ", and all for all of them");
}

std::string PolicyTable(const v1::PolicyReport& report) {
  std::vector<std::pair<std::pair<std::string, std::string>, Choices>> groups;
  for (const v1::PolicyChoice& choice : report.choices()) {
    const auto key = std::make_pair(choice.policy(), choice.device_class());
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const auto& group) { return group.first == key; });
    if (found == groups.end()) {
      groups.push_back({key, {&choice}});
    } else {
      found->second.push_back(&choice);
    }
  }
  std::string text;
  for (const auto& [key, choices] : groups) {
    Table table({"layer", "batch", "format", "picks", "because", "time", "speed-up", "fastest",
                 "time of it", "cost of the pick"});
    for (const v1::PolicyChoice* choice : choices) table.Add(Line(*choice));
    text += (text.empty() ? "" : "\n") + key.first + " on " + choices.front()->device_name() +
            " (" + key.second + ")\n" + table.AsText() + Summary(choices);
  }
  return text;
}

std::string PolicyCsv(const v1::PolicyReport& report) {
  Table table({"policy", "device_class", "layer", "batch", "format", "picks", "because", "seconds",
               "ratio", "fastest", "fastest_seconds", "cost", "cost_low", "cost_high", "verdict",
               "verdict_reason"});
  for (const v1::PolicyChoice& choice : report.choices()) {
    const auto number = [](bool known, double value) { return known ? Number(value) : ""; };
    table.Add(
        {choice.policy(), choice.device_class(), Axes(choice), std::to_string(choice.batch()),
         choice.format(), choice.kernel(), choice.reason(),
         number(choice.has_seconds(), choice.seconds()),
         number(choice.has_against_baseline(), choice.against_baseline().ratio()),
         choice.fastest_kernel(), number(choice.has_fastest_seconds(), choice.fastest_seconds()),
         number(choice.has_cost(), choice.cost()), number(choice.has_cost_low(), choice.cost_low()),
         number(choice.has_cost_high(), choice.cost_high()), v1::Verdict_Name(choice.verdict()),
         choice.verdict_reason()});
  }
  return table.AsCsv();
}

}  // namespace quantfleet::cli
