// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/grid/grid.hpp"

#include <algorithm>
#include <unordered_map>

namespace quantfleet::matrix {

uint64_t CountCombinations(const Matrix& matrix) {
  uint64_t count = 1;
  for (const AxisGroup& group : matrix.groups) count *= group.points.size();
  return count;
}

Grid::Grid(const Matrix& matrix)
    : matrix_(matrix), exclusions_(matrix), excluded_(matrix.exclusions.size()) {
  for (size_t g = 0; g < matrix.groups.size(); ++g) {
    folds_.push_back(FoldOf(matrix, matrix.groups[g]));
    for (size_t a = 0; a < matrix.groups[g].axes.size(); ++a) columns_.push_back({g, a});
  }
  std::sort(columns_.begin(), columns_.end(), [&](const Column& a, const Column& b) {
    return matrix.groups[a.group].axes[a.axis] < matrix.groups[b.group].axes[b.axis];
  });
  Sort();
}

Grid::Fold Grid::FoldOf(const Matrix& matrix, const AxisGroup& group) {
  Fold fold;
  std::unordered_map<std::string, uint32_t> kinds;
  for (uint32_t i = 0; i < group.points.size(); ++i) {
    std::string key;
    bool is_baseline = true;
    for (size_t a = 0; a < group.axes.size(); ++a) {
      const std::string& text = group.points[i][a].text;
      const auto compared = matrix.baseline.find(group.axes[a]);
      if (compared == matrix.baseline.end()) {
        key += text + '\n';
      } else {
        is_baseline &= compared->second == text;
      }
    }
    const auto [entry, fresh] = kinds.emplace(key, static_cast<uint32_t>(kinds.size()));
    if (fresh) fold.points_of_kind.emplace_back();
    fold.kind_of_point.push_back(entry->second);
    fold.points_of_kind[entry->second].push_back(i);
    fold.is_baseline.push_back(is_baseline);
  }
  return fold;
}

bool Grid::IsBaseline(const Points& points) const {
  for (size_t g = 0; g < points.size(); ++g) {
    if (!folds_[g].is_baseline[points[g]]) return false;
  }
  return true;
}

uint64_t Grid::NumberOf(const Points& points) const {
  uint64_t number = 0;
  for (size_t g = 0; g < points.size(); ++g) {
    number = number * matrix_.groups[g].points.size() + points[g];
  }
  return number;
}

bool Grid::Advance(Points* points) const {
  for (size_t g = points->size(); g-- > 0;) {
    if (++(*points)[g] < matrix_.groups[g].points.size()) return true;
    (*points)[g] = 0;
  }
  return false;
}

void Grid::Sort() {
  uint64_t keys = 1;
  for (const Fold& fold : folds_) keys *= fold.points_of_kind.size();
  std::vector<bool> seen(keys);
  Points points(folds_.size());
  do {
    if (const auto rule = exclusions_.Find(points)) {
      ++excluded_[*rule];
      continue;
    }
    uint64_t key = 0;
    for (size_t g = 0; g < points.size(); ++g) {
      key = key * folds_[g].points_of_kind.size() + folds_[g].kind_of_point[points[g]];
    }
    if (!seen[key]) keys_.push_back(key);
    seen[key] = true;
    ++combinations_;
    if (IsBaseline(points)) ++baselines_;
  } while (Advance(&points));
}

GridBlock Grid::At(uint64_t index) const {
  std::vector<const std::vector<uint32_t>*> choices(folds_.size());
  uint64_t key = keys_[index];
  for (size_t g = folds_.size(); g-- > 0;) {
    const auto& kinds = folds_[g].points_of_kind;
    choices[g] = &kinds[key % kinds.size()];
    key /= kinds.size();
  }
  GridBlock block;
  Points points(folds_.size()), places(folds_.size());
  for (size_t g = 0; g < points.size(); ++g) points[g] = choices[g]->front();
  for (size_t g = points.size(); g > 0;) {
    if (!exclusions_.Find(points)) {
      if (IsBaseline(points)) {
        block.baseline = NumberOf(points);
      } else {
        block.candidates.push_back(NumberOf(points));
      }
    }
    for (g = points.size(); g > 0; --g) {  // the last group runs fastest
      const bool more = ++places[g - 1] < choices[g - 1]->size();
      if (!more) places[g - 1] = 0;
      points[g - 1] = (*choices[g - 1])[places[g - 1]];
      if (more) break;
    }
  }
  return block;
}

uint64_t Grid::LineKey(uint64_t index, size_t group) const {
  uint64_t place = 1;
  for (size_t g = folds_.size(); g-- > group + 1;) place *= folds_[g].points_of_kind.size();
  const uint64_t digit = keys_[index] / place % folds_[group].points_of_kind.size();
  return keys_[index] - digit * place;
}

Combination Grid::CombinationAt(uint64_t number) const {
  std::array<uint32_t, Combination::kMaxAxes> points{};
  for (size_t g = matrix_.groups.size(); g-- > 0;) {
    points[g] = static_cast<uint32_t>(number % matrix_.groups[g].points.size());
    number /= matrix_.groups[g].points.size();
  }
  Combination combination;
  for (const Column& column : columns_) {
    const AxisGroup& group = matrix_.groups[column.group];
    combination.Append(group.axes[column.axis], group.points[points[column.group]][column.axis]);
  }
  return combination;
}

Combination Grid::BaselineBeside(Combination combination) const {
  for (const AxisGroup& group : matrix_.groups) {
    for (size_t i = 0; i < group.axes.size(); ++i) {
      const auto compared = matrix_.baseline.find(group.axes[i]);
      if (compared == matrix_.baseline.end()) continue;
      const auto point = std::find_if(group.points.begin(), group.points.end(),
                                      [&](const auto& p) { return p[i].text == compared->second; });
      if (point != group.points.end()) combination.Set(group.axes[i], (*point)[i]);
    }
  }
  return combination;
}

}  // namespace quantfleet::matrix
