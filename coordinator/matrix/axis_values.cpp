// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/axis_values.hpp"

#include "coordinator/matrix/fields.hpp"
#include "coordinator/matrix/suggestion.hpp"

namespace quantfleet::matrix {
namespace {

// Of a dimension of a layer.
constexpr uint64_t kMaxDimension = uint64_t{1} << 20;
constexpr uint64_t kAnyInteger = uint64_t{1} << 62;

AxisValue NumberValue(uint64_t number) {
  return {std::to_string(number), static_cast<double>(number)};
}

std::optional<AxisValue> ReadShape(const YamlNode& node, Report* report) {
  const Fields fields(node, "layer", {"n", "k"}, report);
  const YamlNode* n = fields.Require("n");
  const YamlNode* k = fields.Require("k");
  if (n == nullptr || k == nullptr) return std::nullopt;
  const auto rows = ReadInteger(*n, "n", 1, kMaxDimension, report);
  const auto columns = ReadInteger(*k, "k", 1, kMaxDimension, report);
  if (!rows || !columns) return std::nullopt;
  v1::LinearShape shape;
  shape.set_n(static_cast<uint32_t>(*rows));
  shape.set_k(static_cast<uint32_t>(*columns));
  return AxisValue{"n=" + std::to_string(*rows) + ",k=" + std::to_string(*columns), shape};
}

// Layers of the model that `name` starts with, or else all of `names`.
std::vector<std::string> Neighbours(const std::string& name,
                                    const std::vector<std::string>& names) {
  const std::string model = name.substr(0, name.find('/') + 1);
  std::vector<std::string> neighbours;
  for (const std::string& known : names) {
    if (!model.empty() && known.starts_with(model)) neighbours.push_back(known);
  }
  return neighbours.empty() ? names : neighbours;
}

std::optional<AxisValue> ReadAttention(const YamlNode& node, Report* report) {
  const std::optional<std::string> name = ReadText(node, "layer", report);
  if (!name) return std::nullopt;
  const std::optional<AttentionHeads> found = FindAttention(*name);
  if (!found) {
    report->Add(node.place, "unknown layer " + Quoted(*name) + " for attention",
                Suggest(*name, Neighbours(*name, AttentionNames())));
    return std::nullopt;
  }
  v1::AttentionShape shape;
  shape.set_query_heads(found->query_heads);
  shape.set_key_value_heads(found->key_value_heads);
  shape.set_head_dimension(found->head_dimension);
  shape.set_window(found->window);
  return AxisValue{*name, shape};
}

std::optional<AxisValue> ReadLayer(const YamlNode& node, Report* report) {
  if (node.kind == YamlNode::Kind::kMap) return ReadShape(node, report);
  const std::optional<std::string> name = ReadText(node, "layer", report);
  if (!name) return std::nullopt;
  const std::optional<LayerShape> found = FindLayer(*name);
  if (!found) {
    report->Add(node.place, "unknown layer " + Quoted(*name),
                Suggest(*name, Neighbours(*name, LayerNames())));
    return std::nullopt;
  }
  v1::LinearShape shape;
  shape.set_n(found->n);
  shape.set_k(found->k);
  return AxisValue{*name, shape};
}

// The `count` numbers of a progression.
std::optional<std::vector<uint64_t>> ReadNumbers(const YamlNode& node, const std::string& what,
                                                 const std::string& axis, size_t count,
                                                 Report* report) {
  if (node.kind != YamlNode::Kind::kSequence || node.items.size() != count) {
    report->Add(node.place, what + " is not a list of " + std::to_string(count) + " numbers",
                count == 2 ? "as in {doubling: [1, 64]}" : "as in {range: [1, 16, 1]}");
    return std::nullopt;
  }
  std::vector<uint64_t> numbers;
  const char* const names[] = {"the first number", "the last number", "the step"};
  for (const YamlNode& item : node.items) {
    const std::string name = std::string(names[numbers.size()]) + " of " + what;
    const auto number = ReadInteger(item, name, 1, kAnyInteger, report);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  if (numbers[0] > numbers[1]) {
    report->Add(node.place,
                what + " runs from " + std::to_string(numbers[0]) + " down to " +
                    std::to_string(numbers[1]),
                "the smaller number comes first");
    return std::nullopt;
  }
  const uint64_t most = BoundsOf(axis)->max;
  if (numbers[1] > most) {
    report->Add(node.items[1].place, axis + " is " + std::to_string(numbers[1]) + ", at most " +
                                         std::to_string(most) + " is allowed");
  }
  return numbers;
}

std::optional<DraftAxis> ReadProgression(const std::string& axis_name, const YamlNode& node,
                                         Report* report) {
  const Fields fields(node, axis_name, {"doubling", "range"}, report);
  const YamlNode* doubling = fields.Find("doubling");
  const YamlNode* range = fields.Find("range");
  if ((doubling == nullptr) == (range == nullptr)) {
    report->Add(node.place, axis_name + " is a map without exactly one of doubling and range",
                "as in {doubling: [1, 64]} or {range: [1, 16, 1]}");
    return std::nullopt;
  }
  DraftAxis axis;
  axis.name = axis_name;
  const auto numbers = doubling != nullptr
                           ? ReadNumbers(*doubling, "doubling", axis_name, 2, report)
                           : ReadNumbers(*range, "range", axis_name, 3, report);
  if (!numbers) return std::nullopt;
  const uint64_t first = (*numbers)[0], last = (*numbers)[1];
  if (range != nullptr) {
    const uint64_t step = (*numbers)[2];
    axis.range = Progression{first, step, (last - first) / step + 1};
  } else {
    // `last` is below 2^63, so that the doubling ends before it overflows.
    for (uint64_t number = first; number <= last; number *= 2)
      axis.values.push_back(NumberValue(number));
  }
  return axis;
}

}  // namespace

AxisValue DraftAxis::At(size_t index) const {
  return range ? NumberValue(range->first + index * range->step) : values[index];
}

std::optional<AxisValue> ReadAxisValue(const std::string& workload, const std::string& axis,
                                       const YamlNode& node, Report* report) {
  if (axis == "layer") {
    return workload == "attention" ? ReadAttention(node, report) : ReadLayer(node, report);
  }
  if (const std::optional<Bounds> bounds = BoundsOf(axis)) {
    const auto number = ReadInteger(node, axis, bounds->min, bounds->max, report);
    if (!number) return std::nullopt;
    return NumberValue(*number);
  }
  const Vocabulary& words = axis == "format" ? Formats(workload) : Kernels(workload);
  const auto word = ReadWord(node, axis, words, report);
  if (!word) return std::nullopt;
  return AxisValue{*word, *word};
}

std::optional<DraftAxis> ReadAxis(const std::string& workload, const std::string& axis,
                                  const YamlNode& node, Report* report) {
  if (IsNumberAxis(axis) && node.kind == YamlNode::Kind::kMap) {
    return ReadProgression(axis, node, report);
  }
  std::vector<const YamlNode*> items = {&node};
  if (node.kind == YamlNode::Kind::kSequence) {
    if (!IsFilledList(node, axis, report)) return std::nullopt;
    items.clear();
    for (const YamlNode& item : node.items) items.push_back(&item);
  }
  DraftAxis draft;
  draft.name = axis;
  for (const YamlNode* item : items) {
    std::optional<AxisValue> value = ReadAxisValue(workload, axis, *item, report);
    if (!value) continue;
    draft.values.push_back(std::move(*value));
    draft.places.push_back(item->place);
  }
  if (draft.values.size() != items.size()) return std::nullopt;
  return draft;
}

}  // namespace quantfleet::matrix
