// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/search.hpp"

#include <algorithm>

#include "coordinator/matrix/catalogue.hpp"
#include "coordinator/matrix/fields.hpp"
#include "coordinator/matrix/suggestion.hpp"

namespace quantfleet::matrix {
namespace {

constexpr uint64_t kMaxPoints = 32;
constexpr uint64_t kMaxResolution = uint64_t{1} << 20;
// Of a copy: each is looked at when one of them ends.
constexpr uint64_t kMaxSearchedBlocks = 10'000;

// Along which a comparison may turn around.
Vocabulary SearchedAxes(const std::string& workload) {
  Vocabulary axes;
  for (const char* axis : {"batch", "context", "query_tokens"}) {
    if (Contains(AxisNames(workload).available, axis)) axes.available.emplace_back(axis);
  }
  axes.awaited = {"prompt_tokens"};
  return axes;
}

}  // namespace

std::optional<Search> ReadSearch(const YamlNode& node, const std::string& workload,
                                 Report* report) {
  if (node.kind != YamlNode::Kind::kSequence) {
    report->Add(node.place, "search is not a list", "as in [{find: crossover, axis: batch}]");
    return std::nullopt;
  }
  if (node.items.empty()) return std::nullopt;
  if (node.items.size() > 1) {
    report->Add(node.items[1].place, "a matrix has one search at most",
                "submit a matrix for each axis");
    return std::nullopt;
  }
  const YamlNode& item = node.items.front();
  const Fields fields(item, "a search", {"find", "axis", "resolution", "max_points"}, report);
  Search search;
  if (const YamlNode* find = fields.Require("find")) {
    static const Vocabulary kGoals = {{"crossover"}, {}};
    ReadWord(*find, "value of find", kGoals, report);
  }
  const YamlNode* axis = fields.Require("axis");
  if (axis != nullptr && !workload.empty()) {
    const Vocabulary axes = SearchedAxes(workload);
    if (axes.available.empty()) {
      report->Add(axis->place, workload + " has no axis along which a search goes");
    } else {
      search.axis = ReadWord(*axis, "axis of a search", axes, report).value_or("");
    }
  }
  const auto read = [&](const char* key, uint64_t max, uint32_t* value) {
    const YamlNode* number = fields.Find(key);
    if (number == nullptr) return;
    *value = static_cast<uint32_t>(ReadInteger(*number, key, 1, max, report).value_or(*value));
  };
  read("resolution", kMaxResolution, &search.resolution);
  read("max_points", kMaxPoints, &search.max_points);
  return search;
}

void CheckSearch(const Matrix& matrix, Place place, Report* report) {
  const std::string& axis = matrix.search->axis;
  const auto group = std::find_if(matrix.groups.begin(), matrix.groups.end(),
                                  [&](const AxisGroup& each) { return Contains(each.axes, axis); });
  if (group == matrix.groups.end()) {
    report->Add(place, "the searched axis " + Quoted(axis) + " is not in axes",
                "give it the values to begin with");
  } else if (matrix.baseline.contains(axis)) {
    report->Add(place, "the searched axis " + Quoted(axis) + " is compared inside a block",
                "leave it out of baseline");
  } else if (group->axes.size() > 1) {
    report->Add(place, "the searched axis " + Quoted(axis) + " is zipped with another",
                "move it to axes");
  } else if (group->points.size() < 2) {
    report->Add(place, "the searched axis " + Quoted(axis) + " has one value",
                "give it both ends of the range at least");
  } else if (matrix.blocks_per_copy * matrix.repeat > kMaxSearchedBlocks) {
    report->Add(place, "a matrix with a search has at most " + std::to_string(kMaxSearchedBlocks) +
                           " blocks on each target or device class, this one " +
                           std::to_string(matrix.blocks_per_copy * matrix.repeat));
  }
}

}  // namespace quantfleet::matrix
