// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/matrix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "coordinator/matrix/axes.hpp"
#include "coordinator/matrix/axis_values.hpp"
#include "coordinator/matrix/condition.hpp"
#include "coordinator/matrix/fields.hpp"
#include "coordinator/matrix/grid/ablation.hpp"
#include "coordinator/matrix/grid/grid.hpp"
#include "coordinator/matrix/policy.hpp"
#include "coordinator/matrix/search.hpp"
#include "coordinator/matrix/suggestion.hpp"
#include "coordinator/matrix/target.hpp"

namespace quantfleet::matrix {
namespace {

constexpr uint64_t kMaxRepeat = 1000;
constexpr uint64_t kMaxPriority = 9;
constexpr uint64_t kAnyVersion = 1000000;
constexpr uint64_t kMaxExclusionWork = 200'000'000;  // some seconds at most

const std::vector<std::string>& TopLevelKeys() {
  static const std::vector<std::string> kKeys = {
      "version",  "name",    "workload", "fixed",   "axes",    "zip",    "exclude",
      "baseline", "targets", "search",   "measure", "explain", "repeat", "priority"};
  return kKeys;
}

void ReadExplain(const Fields& fields, Matrix* matrix, Report* report) {
  const YamlNode* explain = fields.Find("explain");
  if (explain == nullptr) return;
  matrix->explain = ReadBool(*explain, "explain", report).value_or(false);
  if (!matrix->explain || matrix->workload.empty() || matrix->workload == "linear") return;
  report->Add(explain->place, "explain takes a product apart, and " + matrix->workload + " is none",
              "remove it, or use workload: linear");
}

void ReadHead(const Fields& fields, Matrix* matrix, Report* report) {
  if (const YamlNode* version = fields.Require("version")) {
    const auto number = ReadInteger(*version, "version", 0, kAnyVersion, report);
    if (number && *number != 1) {
      report->Add(version->place,
                  "version " + std::to_string(*number) + " of the matrix language is not known",
                  "write version: 1");
    }
  }
  if (const YamlNode* name = fields.Require("name")) {
    matrix->name = ReadName(*name, "name", report).value_or("");
  }
  if (const YamlNode* workload = fields.Require("workload")) {
    matrix->workload = ReadWord(*workload, "workload", Workloads(), report).value_or("");
  }
  const auto read = [&](const char* key, uint64_t min, uint64_t max, uint32_t* value) {
    const YamlNode* node = fields.Find(key);
    if (node == nullptr) return;
    *value = static_cast<uint32_t>(ReadInteger(*node, key, min, max, report).value_or(*value));
  };
  read("repeat", 1, kMaxRepeat, &matrix->repeat);
  read("priority", 0, kMaxPriority, &matrix->priority);
  ReadExplain(fields, matrix, report);
  const YamlNode* search = fields.Find("search");
  if (search != nullptr) matrix->search = ReadSearch(*search, matrix->workload, report);
}

void ReadSeed(const YamlNode* fixed, Matrix* matrix, Report* report) {
  if (fixed == nullptr) return;
  for (const Entry& entry : fixed->entries) {
    if (entry.key != "seed") continue;
    const auto seed =
        ReadInteger(entry.value, "seed", 0, std::numeric_limits<uint32_t>::max(), report);
    matrix->seed = static_cast<uint32_t>(seed.value_or(0));
  }
}

const AxisGroup* GroupOf(const Matrix& matrix, const std::string& axis) {
  for (const AxisGroup& group : matrix.groups) {
    if (Contains(group.axes, axis)) return &group;
  }
  return nullptr;
}

// Texts of an axis's values, without repeats that come from zip.
std::vector<std::string> TextsOf(const Matrix& matrix, const std::string& axis) {
  std::vector<std::string> texts;
  const AxisGroup* group = GroupOf(matrix, axis);
  if (group == nullptr) return texts;
  const auto column = static_cast<size_t>(std::find(group->axes.begin(), group->axes.end(), axis) -
                                          group->axes.begin());
  for (const auto& point : group->points) texts.push_back(point[column].text);
  return texts;
}

void ReadBaseline(const YamlNode& node, Matrix* matrix, Report* report) {
  if (node.kind != YamlNode::Kind::kMap || node.entries.empty()) {
    report->Add(node.place, "baseline is not a map of axes to values",
                "as in {format: fp32, kernel: auto}");
    return;
  }
  for (const Entry& entry : node.entries) {
    const Vocabulary& axes = AxisNames(matrix->workload);
    if (!Contains(axes.available, entry.key)) {
      ReportUnknownWord(entry.place, "axis", entry.key, axes, report);
      continue;
    }
    const auto value = ReadAxisValue(matrix->workload, entry.key, entry.value, report);
    if (!value) continue;
    matrix->baseline[entry.key] = value->text;
    const std::vector<std::string> texts = TextsOf(*matrix, entry.key);
    if (!texts.empty() && !Contains(texts, value->text)) {
      report->Add(entry.value.place,
                  "missing baseline: " + Quoted(value->text) + " is no value of the axis " +
                      Quoted(entry.key),
                  "add it to the axis, or name one of its values");
    }
  }
}

// Equal for layers whose arms are equal.
std::string ShapeKey(const Matrix& matrix, const AxisValue& layer) {
  if (const auto* weights = std::get_if<v1::LinearShape>(&layer.value)) {
    return weights->SerializeAsString();
  }
  auto heads = std::get<v1::AttentionShape>(layer.value);
  // An axis takes the place of the layers' own windows.
  if (GroupOf(matrix, "window") != nullptr) heads.clear_window();
  return heads.SerializeAsString();
}

// Layers of equal shape differ in name only; as candidates of one block they would be one arm.
void CheckComparedLayers(const Matrix& matrix, Place place, Report* report) {
  if (!matrix.baseline.contains("layer")) return;
  const AxisGroup& group = *GroupOf(matrix, "layer");
  if (group.axes.size() > 1) {
    report->Add(place, "the layers of a zip cannot be compared inside a block",
                "leave layer out of baseline");
    return;
  }
  std::map<std::string, std::string> seen;
  for (const auto& point : group.points) {
    const auto [entry, fresh] = seen.emplace(ShapeKey(matrix, point[0]), point[0].text);
    if (fresh) continue;
    report->Add(place,
                "the layers " + entry->second + " and " + point[0].text +
                    " have the same shape and cannot be compared with each other",
                "keep one, or leave layer out of baseline");
    return;
  }
}

std::string DescribeBlock(const Matrix& matrix, const Combination& combination) {
  std::string text;
  for (const auto& [axis, value] : combination) {
    if (matrix.baseline.contains(*axis)) continue;
    text += (text.empty() ? "" : ", ") + *axis + " " + value->text;
  }
  return text.empty() ? "of all arms" : "with " + text;
}

// Why a block has no arm with the values of `baseline`.
std::string WhyNoBaseline(const Matrix& matrix, const Combination& baseline) {
  const auto rule = FindExclusion(matrix, baseline);
  if (!rule) return "the zip never pairs its values";
  return "the exclude rule " + Quoted(matrix.exclusions[*rule].because) + " leaves it out";
}

// A matrix may leave out axes of its workload that others stand for: what is said of those would
// be said of nothing.
void CheckAxesInUse(const Matrix& matrix, Place place, Report* report) {
  const auto check = [&](const std::string& axis, const std::string& where) {
    if (GroupOf(matrix, axis) != nullptr) return;
    report->Add(place, where + " names the axis " + Quoted(axis) + ", which the matrix lacks");
  };
  for (const auto& [axis, text] : matrix.baseline) check(axis, "baseline");
  for (const ExclusionRule& rule : matrix.exclusions) {
    for (const auto& [axis, condition] : rule.when) check(axis, "exclude");
  }
}

// Why attention with these values cannot be; empty if it can.
std::string WhyNoAttention(const Combination& combination) {
  const auto number = [&](const char* axis) {
    return std::get<double>(combination.at(axis).value);
  };
  if (number("query_tokens") > number("context")) {
    return "query_tokens is " + combination.at("query_tokens").text + " and context only " +
           combination.at("context").text;
  }
  if (combination.contains("layer")) return "";
  if (std::fmod(number("query_heads"), number("key_value_heads")) == 0) return "";
  return "query_heads is " + combination.at("query_heads").text + ", no multiple of the " +
         combination.at("key_value_heads").text + " of key_value_heads";
}

// Reports the first arm of a shape that no engine can run.
void CheckShapes(const Matrix& matrix, const Grid& grid, Place place, Report* report) {
  if (matrix.workload != "attention") return;
  for (uint64_t i = 0; i < grid.size(); ++i) {
    const GridBlock block = grid.At(i);
    std::vector<uint64_t> arms = block.candidates;
    if (block.baseline) arms.push_back(*block.baseline);
    for (const uint64_t arm : arms) {
      const std::string problem = WhyNoAttention(grid.CombinationAt(arm));
      if (problem.empty()) continue;
      report->Add(place, "an arm of the matrix cannot be: " + problem, "exclude it");
      return;
    }
  }
}

// Reports the first block without a baseline, and how many there are.
void CheckBaselines(const Matrix& matrix, const Grid& grid, Place place, Report* report) {
  const uint64_t lacking = grid.size() - grid.baselines();
  if (lacking == 0) return;
  GridBlock first;
  for (uint64_t i = 0; first.candidates.empty(); ++i) {
    first = grid.At(i);
    if (first.baseline) first.candidates.clear();
  }
  const Combination arm = grid.CombinationAt(first.candidates.front());
  report->Add(place,
              "missing baseline: no arm of the block " + DescribeBlock(matrix, arm) +
                  " is the baseline" +
                  (lacking > 1 ? ", nor of " + std::to_string(lacking - 1) + " other blocks" : ""),
              WhyNoBaseline(matrix, grid.BaselineBeside(arm)));
}

// Arms of all blocks on one target, once.
uint64_t CountArms(const Matrix& matrix, const Grid& grid) {
  uint64_t arms = grid.arms();
  if (!matrix.explain) return arms;
  for (uint64_t i = 0; i < grid.size(); ++i) {
    arms += AblationsOf(matrix, grid, grid.At(i)).size();
  }
  return arms;
}

// Sorts the matrix into blocks and checks that each has its baseline.
void CheckBlocks(Place place, const Limits& limits, Matrix* matrix, Report* report) {
  if (ExclusionWork(*matrix) > kMaxExclusionWork) {
    report->Add(place, "the exclude rules are too many for a matrix of this size",
                "merge rules, or split the matrix");
    return;
  }
  const Grid grid(*matrix);
  if (grid.size() == 0) {
    report->Add(place, "every arm of the matrix is excluded");
    return;
  }
  CheckShapes(*matrix, grid, place, report);
  CheckBaselines(*matrix, grid, place, report);
  if (grid.baselines() < grid.size()) return;
  matrix->max_arms = limits.max_arms;
  matrix->blocks_per_copy = grid.size();
  matrix->arms_per_copy = CountArms(*matrix, grid);
  matrix->excluded_per_copy = grid.excluded();
  const uint64_t arms = matrix->arms_per_copy * matrix->targets.size() * matrix->repeat;
  if (arms > limits.max_arms) {
    report->Add(place, "the matrix asks for " + std::to_string(arms) +
                           " arms with the second baseline of each block" +
                           (matrix->explain ? " and what explains it" : "") + ", at most " +
                           std::to_string(limits.max_arms) + " are allowed");
  }
}

std::vector<Target> AnyDevice() {
  Target target;
  target.name = "any-device";
  return {target};
}

void ReadMatrix(const YamlNode& root, const Limits& limits, Matrix* matrix, Report* report) {
  const Fields fields(root, "the matrix", TopLevelKeys(), report);
  if (root.kind != YamlNode::Kind::kMap) return;
  ReadHead(fields, matrix, report);
  const YamlNode* targets = fields.Find("targets");
  matrix->targets = targets != nullptr ? ReadTargets(*targets, report) : AnyDevice();
  matrix->cache = "cold";
  const YamlNode* measure = fields.Find("measure");
  matrix->policy =
      measure != nullptr ? ReadPolicy(*measure, &matrix->cache, report) : DefaultPolicy();
  if (const YamlNode* exclude = fields.Find("exclude")) {
    matrix->exclusions = ReadExclusions(matrix->workload, *exclude, report);
  }

  const AxisSections sections{fields.Find("fixed"), fields.Require("axes"), fields.Find("zip")};
  ReadSeed(sections.fixed, matrix, report);
  if (sections.axes != nullptr) {
    const uint64_t copies = std::max<uint64_t>(matrix->targets.size(), 1) * matrix->repeat;
    matrix->groups = ReadAxes(matrix->workload, sections, copies, limits.max_arms, report);
  }
  const YamlNode* baseline = fields.Require("baseline");
  if (baseline != nullptr) ReadBaseline(*baseline, matrix, report);
  if (!report->empty()) return;
  CheckAxesInUse(*matrix, baseline->place, report);
  if (!report->empty()) return;
  CheckComparedLayers(*matrix, baseline->place, report);
  if (report->empty()) CheckBlocks(baseline->place, limits, matrix, report);
  if (report->empty() && matrix->search) {
    CheckSearch(*matrix, fields.Find("search")->place, report);
  }
}

}  // namespace

ParseOutcome ParseMatrix(std::string_view document, std::string_view file_name,
                         const Limits& limits) {
  Report report{std::string(file_name)};
  auto matrix = std::make_shared<Matrix>();
  if (const std::optional<YamlNode> root = ReadDocument(document, limits, &report)) {
    ReadMatrix(*root, limits, matrix.get(), &report);
  }
  if (report.empty()) return {std::move(matrix), {}};
  return {nullptr, std::move(report).Finish()};
}

}  // namespace quantfleet::matrix
