// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/axes.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "coordinator/matrix/axis_values.hpp"
#include "coordinator/matrix/fields.hpp"

namespace quantfleet::matrix {
namespace {

// Axes that advance together, before ranges are written out.
struct DraftGroup {
  Place place;
  std::vector<DraftAxis> axes;
  uint64_t size() const { return axes.front().size(); }
};

class AxesReader {
 public:
  AxesReader(const std::string& workload, Report* report) : workload_(workload), report_(report) {}

  void ReadFixed(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kMap) {
      report_->Add(node.place, "fixed is not a map of parameters to values", "as in {seed: 7}");
      return;
    }
    for (const Entry& entry : node.entries) {
      if (entry.key == "seed") continue;
      if (!Claim(entry)) continue;
      if (entry.value.kind == YamlNode::Kind::kSequence) {
        report_->Add(entry.value.place, entry.key + " is a list, but fixed takes one value",
                     "move it to axes");
        continue;
      }
      AddGroup(entry.place, {entry});
    }
  }

  void ReadMap(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kMap || node.entries.empty()) {
      report_->Add(node.place, "axes is not a map of axes to values",
                   "as in {layer: gpt2/mlp.c_fc, batch: [1, 16], format: [fp32, nf4]}");
      malformed_ = true;
      return;
    }
    for (const Entry& entry : node.entries) {
      if (Claim(entry)) AddGroup(entry.place, {entry});
    }
  }

  void ReadZip(const YamlNode& node) {
    if (!IsFilledList(node, "zip", report_)) return;
    for (const YamlNode& item : node.items) {
      if (item.kind != YamlNode::Kind::kMap || item.entries.empty()) {
        report_->Add(item.place, "a zip entry is not a map of axes to lists");
        continue;
      }
      std::vector<Entry> claimed;
      for (const Entry& entry : item.entries) {
        if (Claim(entry)) claimed.push_back(entry);
      }
      if (!claimed.empty()) AddGroup(item.place, claimed);
    }
  }

  // Reports axes that must be there and are not, unless something worse was wrong with them.
  void RequireAxes(Place place) {
    if (malformed_) return;
    for (const std::string& axis : RequiredAxes()) {
      if (!claimed_.contains(axis)) report_->Add(place, "the axis \"" + axis + "\" is missing");
    }
    if (claimed_.contains("layer") && (claimed_.contains("rows") || claimed_.contains("columns"))) {
      report_->Add(place, "the axis \"layer\" gives rows and columns, so they are given twice",
                   "keep layer, or rows and columns");
    }
    for (const char* axis : {"query_heads", "key_value_heads", "head_dimension"}) {
      if (!claimed_.contains("layer") || !claimed_.contains(axis)) continue;
      report_->Add(place,
                   std::string("the axis \"layer\" gives ") + axis + ", so it is given twice",
                   "keep one of them");
    }
    AddDefault("kernel", {"auto", std::string("auto")}, place);
    if (workload_ != "attention") return;
    AddDefault("batch", {"1", 1.0}, place);
    AddDefault("query_tokens", {"1", 1.0}, place);
  }

  std::vector<DraftGroup>& groups() { return groups_; }

 private:
  // An axis of one value, unless the file gives the axis.
  void AddDefault(const char* name, AxisValue value, Place place) {
    if (claimed_.contains(name)) return;
    DraftAxis axis;
    axis.name = name;
    axis.values.push_back(std::move(value));
    groups_.push_back({place, {std::move(axis)}});
  }

  std::vector<std::string> RequiredAxes() const {
    if (workload_ == "attention" && claimed_.contains("layer")) {
      return {"layer", "context", "format"};
    }
    if (workload_ == "attention") {
      return {"query_heads", "key_value_heads", "head_dimension", "context", "format"};
    }
    if (!IsConversion(workload_)) return {"layer", "batch", "format"};
    if (claimed_.contains("rows") || claimed_.contains("columns")) {
      return {"rows", "columns", "format"};
    }
    return {"layer", "format"};
  }

  // False, with a report, if the entry's key is no axis or was used before.
  bool Claim(const Entry& entry) {
    const Vocabulary& names = AxisNames(workload_);
    if (!Contains(names.available, entry.key)) {
      ReportUnknownWord(entry.place, "axis", entry.key, names, report_);
      malformed_ = true;
      return false;
    }
    if (!claimed_.insert(entry.key).second) {
      report_->Add(entry.place, "the axis " + Quoted(entry.key) + " is given twice",
                   "in one of fixed, axes and zip");
      return false;
    }
    return true;
  }

  void AddGroup(Place place, const std::vector<Entry>& entries) {
    DraftGroup group{place, {}};
    for (const Entry& entry : entries) {
      if (auto axis = ReadAxis(workload_, entry.key, entry.value, report_)) {
        group.axes.push_back(std::move(*axis));
      }
    }
    if (group.axes.size() != entries.size()) return;
    for (const DraftAxis& axis : group.axes) {
      if (axis.size() == group.size()) continue;
      report_->Add(place, "zip lists differ in length: " + group.axes.front().name + " has " +
                              std::to_string(group.size()) + " values, " + axis.name + " has " +
                              std::to_string(axis.size()));
      return;
    }
    groups_.push_back(std::move(group));
  }

  const std::string& workload_;
  Report* report_;
  std::set<std::string> claimed_;
  bool malformed_ = false;  // some key or section could not be read, so that axes seem missing
  std::vector<DraftGroup> groups_;
};

size_t Rank(const std::string& workload, const DraftGroup& group) {
  const std::vector<std::string>& order = AxisNames(workload).available;
  size_t rank = order.size();
  for (const DraftAxis& axis : group.axes) {
    const auto place = std::find(order.begin(), order.end(), axis.name);
    rank = std::min(rank, static_cast<size_t>(place - order.begin()));
  }
  return rank;
}

// False, with a report, if all combinations of `groups`, `copies` times, are more than `max_arms`.
bool CheckProduct(const std::vector<DraftGroup>& groups, uint64_t copies, uint64_t max_arms,
                  Place place, Report* report) {
  uint64_t product = copies;
  bool overflow = false;
  std::string factors;
  for (const DraftGroup& group : groups) {
    overflow |= __builtin_mul_overflow(product, group.size(), &product);
    if (!factors.empty()) factors += " x ";
    factors += std::to_string(group.size()) + " " + group.axes.front().name;
  }
  if (!overflow && product <= max_arms) return true;
  if (copies > 1) factors += " x " + std::to_string(copies) + " for targets and repeat";
  report->Add(place,
              "the matrix asks for " + (overflow ? "more than 10^19" : std::to_string(product)) +
                  " arms, at most " + std::to_string(max_arms) + " are allowed",
              factors);
  return false;
}

AxisGroup WriteOut(const DraftGroup& draft) {
  AxisGroup group;
  for (const DraftAxis& axis : draft.axes) group.axes.push_back(axis.name);
  group.points.resize(draft.size());
  for (const DraftAxis& axis : draft.axes) {
    for (size_t i = 0; i < group.points.size(); ++i) group.points[i].push_back(axis.At(i));
  }
  return group;
}

// A point that repeats an earlier one would make two equal arms.
void CheckRepeats(const DraftGroup& draft, const AxisGroup& group, Report* report) {
  std::set<std::vector<std::string>> seen;
  for (size_t i = 0; i < group.points.size(); ++i) {
    std::vector<std::string> texts;
    for (const AxisValue& value : group.points[i]) texts.push_back(value.text);
    if (seen.insert(texts).second) continue;
    const std::vector<Place>& places = draft.axes.front().places;
    std::string joined;
    for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
    report->Add(i < places.size() ? places[i] : draft.place,
                "the value " + Quoted(joined) + " of " + group.axes.front() + " is given twice",
                "keep one");
  }
}

}  // namespace

std::vector<AxisGroup> ReadAxes(const std::string& workload, const AxisSections& sections,
                                uint64_t copies, uint64_t max_arms, Report* report) {
  AxesReader reader(workload, report);
  if (sections.fixed != nullptr) reader.ReadFixed(*sections.fixed);
  if (sections.axes != nullptr) reader.ReadMap(*sections.axes);
  if (sections.zip != nullptr) reader.ReadZip(*sections.zip);
  const Place place = sections.axes != nullptr ? sections.axes->place : Place{};
  reader.RequireAxes(place);

  std::vector<DraftGroup>& drafts = reader.groups();
  std::stable_sort(drafts.begin(), drafts.end(), [&](const DraftGroup& a, const DraftGroup& b) {
    return Rank(workload, a) < Rank(workload, b);
  });
  if (!CheckProduct(drafts, copies, max_arms, place, report)) return {};
  std::vector<AxisGroup> groups;
  for (const DraftGroup& draft : drafts) {
    groups.push_back(WriteOut(draft));
    CheckRepeats(draft, groups.back(), report);
  }
  return groups;
}

}  // namespace quantfleet::matrix
