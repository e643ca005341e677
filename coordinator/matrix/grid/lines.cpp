// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/grid/lines.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/status.hpp"
#include "coordinator/matrix/catalogue.hpp"
#include "coordinator/matrix/grid/ablation.hpp"
#include "coordinator/matrix/grid/exclusion_table.hpp"
#include "coordinator/matrix/grid/grid.hpp"
#include "coordinator/matrix/grid/making.hpp"

namespace quantfleet::matrix {
namespace {

size_t SearchedGroup(const Matrix& matrix) {
  const auto group =
      std::find_if(matrix.groups.begin(), matrix.groups.end(),
                   [&](const AxisGroup& each) { return Contains(each.axes, matrix.search->axis); });
  QF_CHECK(group != matrix.groups.end());
  return static_cast<size_t>(group - matrix.groups.begin());
}

// As CurveKey, of an arm that is not made.
std::string KeyOf(const Combination& combination, const std::string& axis) {
  std::string key;
  for (const auto& [name, value] : combination) {
    if (*name != axis) key.append(*name).append("=").append(value->text).append("\n");
  }
  return key;
}

}  // namespace

struct SearchLines::Layout {
  explicit Layout(std::shared_ptr<const Matrix> of) : matrix(std::move(of)), grid(*matrix) {
    const size_t group = SearchedGroup(*matrix);
    std::map<uint64_t, size_t> known;
    for (uint64_t i = 0; i < grid.size(); ++i) {
      const auto [line, is_new] = known.emplace(grid.LineKey(i, group), blocks.size());
      if (is_new) blocks.emplace_back();
      line_of.push_back(line->second);
      blocks[line->second].push_back(i);
    }
  }

  std::shared_ptr<const Matrix> matrix;
  Grid grid;
  std::vector<size_t> line_of;
  std::vector<std::vector<uint64_t>> blocks;  // of each line
};

SearchLines::SearchLines(std::shared_ptr<const Matrix> matrix)
    : layout_(std::make_unique<Layout>(std::move(matrix))) {}
SearchLines::~SearchLines() = default;

size_t SearchLines::size() const {
  return layout_->blocks.size();
}

size_t SearchLines::LineOf(uint64_t index) const {
  return layout_->line_of[index];
}

v1::Block SearchLines::At(size_t line, uint32_t value, const std::set<std::string>& curves,
                          uint32_t repeat) const {
  const Matrix& matrix = *layout_->matrix;
  const AxisValue at{std::to_string(value), static_cast<double>(value)};
  std::vector<Combination> arms;
  std::set<std::string> seen;
  // A rule may leave out an arm at some of the values, so each block is asked.
  for (const uint64_t index : layout_->blocks[line]) {
    const std::vector<Combination> present = ArmsOf(layout_->grid, layout_->grid.At(index));
    for (size_t i = 0; i < present.size(); ++i) {
      const std::string key = KeyOf(present[i], matrix.search->axis);
      if ((i > 0 && !curves.contains(key)) || !seen.insert(key).second) continue;
      Combination arm = present[i];
      arm.Set(matrix.search->axis, at);
      if (!FindExclusion(matrix, arm)) {
        arms.push_back(arm);
      } else if (i == 0) {
        return {};
      }
    }
  }
  return arms.size() < 2 ? v1::Block() : MakeBlock(matrix, arms, repeat);
}

std::string CurveKey(const google::protobuf::Map<std::string, std::string>& labels,
                     const std::string& axis) {
  const std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  std::string key;
  for (const auto& [name, value] : sorted) {
    if (name != axis) key.append(name).append("=").append(value).append("\n");
  }
  return key;
}

}  // namespace quantfleet::matrix
