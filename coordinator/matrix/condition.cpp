// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/condition.hpp"

#include "coordinator/matrix/fields.hpp"
#include "coordinator/matrix/suggestion.hpp"

namespace quantfleet::matrix {
namespace {

using scheduler::Condition;

struct BoundKey {
  const char* key;
  std::optional<double> Condition::*limit;
};
constexpr BoundKey kBoundKeys[] = {{"lt", &Condition::less_than},
                                   {"le", &Condition::at_most},
                                   {"gt", &Condition::greater_than},
                                   {"ge", &Condition::at_least}};

bool IsGlob(const std::string& text) {
  return text.find_first_of("*?") != std::string::npos;
}

// One value that a property may equal.
bool ReadEntry(const YamlNode& node, const Subject& subject, std::vector<std::string>* entries,
               Report* report) {
  if (subject.number) {
    const std::optional<double> number = ReadNumber(node, subject.name, subject.unit, report);
    if (!number) return false;
    entries->push_back(NumberText(*number));
    return true;
  }
  const std::optional<std::string> text = ReadText(node, subject.name, report);
  if (!text) return false;
  // An awaited word may be excluded: the rule then waits with it.
  const Vocabulary* vocabulary = subject.vocabulary;
  if (vocabulary != nullptr && !IsGlob(*text) && !Contains(vocabulary->available, *text) &&
      !Contains(vocabulary->awaited, *text)) {
    ReportUnknownWord(node.place, subject.name, *text, *vocabulary, report);
    return false;
  }
  entries->push_back(*text);
  return true;
}

bool ReadEntries(const YamlNode& node, const Subject& subject, std::vector<std::string>* entries,
                 Report* report) {
  if (node.kind != YamlNode::Kind::kSequence) return ReadEntry(node, subject, entries, report);
  if (!IsFilledList(node, subject.name, report)) return false;
  bool good = true;
  for (const YamlNode& item : node.items) good &= ReadEntry(item, subject, entries, report);
  return good;
}

bool ReadKeyed(const Entry& entry, const Subject& subject, Condition* condition, Report* report) {
  if (entry.key == "not") return ReadEntries(entry.value, subject, &condition->none_of, report);
  if (entry.key == "glob") {
    return ReadEntries(entry.value, {subject.name}, &condition->any_of, report);
  }
  for (const BoundKey& bound : kBoundKeys) {
    if (entry.key != bound.key) continue;
    condition->*bound.limit = ReadNumber(entry.value, subject.name, subject.unit, report);
    return (condition->*bound.limit).has_value();
  }
  return false;  // unknown, and reported as such
}

std::optional<Condition> ReadKeys(const YamlNode& node, const Subject& subject, Report* report) {
  std::vector<std::string> keys = {"not", "glob"};
  if (subject.number) keys = {"lt", "le", "gt", "ge", "not"};
  if (subject.bounds_only) keys = {"lt", "le", "gt", "ge"};
  const Fields fields(node, "the condition on " + subject.name, keys, report);
  if (node.entries.empty()) {
    report->Add(node.place, "the condition on " + subject.name + " is an empty map", OneOf(keys));
    return std::nullopt;
  }
  Condition condition;
  bool good = true;
  for (const Entry& entry : node.entries) {
    good &= Contains(keys, entry.key) && ReadKeyed(entry, subject, &condition, report);
  }
  if (!good) return std::nullopt;
  return condition;
}

std::map<std::string, Condition> ReadWhen(const std::string& workload, const YamlNode& node,
                                          Report* report) {
  const Vocabulary& axes = AxisNames(workload);
  std::map<std::string, Condition> when;
  if (node.kind != YamlNode::Kind::kMap || node.entries.empty()) {
    report->Add(node.place, "when is not a map of axes to conditions", OneOf(axes.available));
    return when;
  }
  for (const Entry& entry : node.entries) {
    if (!Contains(axes.available, entry.key)) {
      ReportUnknownWord(entry.place, "axis", entry.key, axes, report);
      continue;
    }
    Subject subject{.name = entry.key, .number = IsNumberAxis(entry.key)};
    if (entry.key == "format") subject.vocabulary = &Formats(workload);
    if (entry.key == "kernel") subject.vocabulary = &Kernels(workload);
    std::optional<Condition> condition = ReadCondition(entry.value, subject, report);
    if (condition) when[entry.key] = std::move(*condition);
  }
  return when;
}

}  // namespace

std::optional<Condition> ReadCondition(const YamlNode& node, const Subject& subject,
                                       Report* report) {
  if (node.kind == YamlNode::Kind::kMap) return ReadKeys(node, subject, report);
  if (subject.bounds_only) {
    report->Add(node.place, subject.name + " takes a bound, not a value", "write {ge: 39}");
    return std::nullopt;
  }
  Condition condition;
  if (!ReadEntries(node, subject, &condition.any_of, report)) return std::nullopt;
  return condition;
}

std::vector<ExclusionRule> ReadExclusions(const std::string& workload, const YamlNode& node,
                                          Report* report) {
  std::vector<ExclusionRule> rules;
  if (!IsFilledList(node, "exclude", report)) return rules;
  for (const YamlNode& item : node.items) {
    const Fields fields(item, "an exclude rule", {"when", "because"}, report);
    const YamlNode* when = fields.Require("when");
    const YamlNode* because = fields.Require("because");
    ExclusionRule rule;
    if (when != nullptr) rule.when = ReadWhen(workload, *when, report);
    if (because != nullptr) rule.because = ReadText(*because, "because", report).value_or("");
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace quantfleet::matrix
