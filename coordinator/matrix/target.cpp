// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/target.hpp"

#include <set>

#include "coordinator/matrix/condition.hpp"
#include "coordinator/matrix/fields.hpp"

namespace quantfleet::matrix {
namespace {

constexpr double kJoinSeconds = 86400;          // unless the file says another
constexpr double kMaxJoinSeconds = 30 * 86400;  // a matrix that waits is a matrix that runs

const Vocabulary& DeviceKinds() {
  static const Vocabulary kKinds = {{"cpu", "cuda"}, {"metal", "rocm", "sycl"}};
  return kKinds;
}

void ReadProperty(const std::string& property, const YamlNode& node, scheduler::Requirement* where,
                  Report* report) {
  Subject subject{.name = property};
  subject.number = property == "memory_gib" || property == "threads";
  subject.bounds_only = property == "memory_gib";
  if (subject.bounds_only) subject.unit = "GiB";
  if (property == "kind") subject.vocabulary = &DeviceKinds();
  auto condition = ReadCondition(node, subject, report);
  if (condition) where->conditions[property] = std::move(*condition);
}

void ReadLabels(const YamlNode& node, scheduler::Requirement* where, Report* report) {
  if (node.kind != YamlNode::Kind::kMap || node.entries.empty()) {
    report->Add(node.place, "labels is not a map of labels to conditions",
                "as in labels: {site: colab}");
    return;
  }
  for (const Entry& entry : node.entries) {
    YamlNode key;
    key.kind = YamlNode::Kind::kScalar;
    key.place = entry.place;
    key.text = entry.key;
    if (!ReadName(key, "the label", report)) continue;
    ReadProperty("labels." + entry.key, entry.value, where, report);
  }
}

void ReadWhere(const YamlNode& node, scheduler::Requirement* where, Report* report) {
  static const std::vector<std::string> kKeys = {"device",       "device_class", "kind",
                                                 "architecture", "memory_gib",   "threads",
                                                 "feature",      "agent",        "labels"};
  const Fields fields(node, "where", kKeys, report);
  if (node.kind == YamlNode::Kind::kMap && node.entries.empty()) {
    report->Add(node.place, "where is an empty map", "leave it out to take any device");
  }
  for (const Entry& entry : node.entries) {
    if (entry.key == "labels") {
      ReadLabels(entry.value, where, report);
    } else if (Contains(kKeys, entry.key)) {
      ReadProperty(entry.key, entry.value, where, report);
    }
  }
}

// `join: later` and for how long.
double ReadJoin(const YamlNode& place, const Fields& fields, bool is_each, Report* report) {
  const YamlNode* join = fields.Find("join");
  const YamlNode* join_for = fields.Find("join_for");
  double seconds = kJoinSeconds;
  if (join_for != nullptr) {
    seconds = ReadDuration(*join_for, "join_for", kMaxJoinSeconds, report).value_or(seconds);
  }
  if (join == nullptr) {
    if (join_for != nullptr) {
      report->Add(join_for->place, "join_for is of no use without join: later");
    }
    return 0;
  }
  static const Vocabulary kJoins = {{"later"}, {}};
  if (!ReadWord(*join, "value of join", kJoins, report)) return 0;
  if (is_each) return seconds;
  report->Add(place.place, "join is of no use without each: device_class",
              "a target without each takes every device that meets it, whenever it comes");
  return 0;
}

Target ReadTarget(const YamlNode& node, Report* report) {
  const Fields fields(node, "a target", {"name", "where", "each", "join", "join_for"}, report);
  Target target;
  if (const YamlNode* name = fields.Require("name")) {
    target.name = ReadName(*name, "the target's name", report).value_or("");
  }
  if (const YamlNode* where = fields.Find("where")) ReadWhere(*where, &target.where, report);
  if (const YamlNode* each = fields.Find("each")) {
    static const Vocabulary kGroupings = {{"device_class"}, {"agent", "device"}};
    target.each_device_class = ReadWord(*each, "value of each", kGroupings, report).has_value();
  }
  const bool is_each = fields.Find("each") != nullptr;
  target.join_seconds = ReadJoin(node, fields, is_each, report);
  return target;
}

}  // namespace

std::vector<Target> ReadTargets(const YamlNode& node, Report* report) {
  std::vector<Target> targets;
  if (!IsFilledList(node, "targets", report)) return targets;
  std::set<std::string> names;
  for (const YamlNode& item : node.items) {
    Target target = ReadTarget(item, report);
    if (!target.name.empty() && !names.insert(target.name).second) {
      report->Add(item.place, "two targets have the name " + Quoted(target.name),
                  "results are told apart by it");
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace quantfleet::matrix
