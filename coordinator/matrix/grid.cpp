// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/grid.hpp"

#include <algorithm>
#include <unordered_map>

namespace quantfleet::matrix {
namespace {

bool RuleHolds(const ExclusionRule& rule, const Combination& combination) {
  return std::all_of(rule.when.begin(), rule.when.end(), [&](const auto& entry) {
    const AxisValue& value = *combination.at(entry.first);
    const double* number = std::get_if<double>(&value.value);
    return scheduler::Holds(entry.second, value.text,
                            number ? std::optional<double>(*number) : std::nullopt);
  });
}

bool IsBaseline(const Matrix& matrix, const Combination& combination) {
  return std::all_of(matrix.baseline.begin(), matrix.baseline.end(), [&](const auto& entry) {
    return combination.at(entry.first)->text == entry.second;
  });
}

uint64_t CountCombinations(const Matrix& matrix) {
  uint64_t count = 1;
  for (const AxisGroup& group : matrix.groups) count *= group.points.size();
  return count;
}

// Equal for the combinations of one block.
std::string BlockKey(const Matrix& matrix, const Combination& combination) {
  std::string key;
  for (const auto& [axis, value] : combination) {
    if (!matrix.baseline.contains(axis)) key += value->text + '\n';
  }
  return key;
}

}  // namespace

Combination CombinationAt(const Matrix& matrix, uint64_t number) {
  Combination combination;
  for (auto group = matrix.groups.rbegin(); group != matrix.groups.rend(); ++group) {
    const std::vector<AxisValue>& point = group->points[number % group->points.size()];
    number /= group->points.size();
    for (size_t i = 0; i < group->axes.size(); ++i) combination[group->axes[i]] = &point[i];
  }
  return combination;
}

Combination BaselineBeside(const Matrix& matrix, Combination combination) {
  for (const AxisGroup& group : matrix.groups) {
    for (size_t i = 0; i < group.axes.size(); ++i) {
      const auto compared = matrix.baseline.find(group.axes[i]);
      if (compared == matrix.baseline.end()) continue;
      const auto point = std::find_if(group.points.begin(), group.points.end(),
                                      [&](const auto& p) { return p[i].text == compared->second; });
      if (point != group.points.end()) combination[group.axes[i]] = &(*point)[i];
    }
  }
  return combination;
}

uint64_t ExclusionWork(const Matrix& matrix) {
  constexpr uint64_t kBytesOfABound = 8;
  uint64_t bytes = 0;
  for (const ExclusionRule& rule : matrix.exclusions) {
    for (const auto& [axis, condition] : rule.when) {
      bytes += kBytesOfABound;
      for (const std::string& entry : condition.any_of) bytes += entry.size() + kBytesOfABound;
      for (const std::string& entry : condition.none_of) bytes += entry.size() + kBytesOfABound;
    }
  }
  return bytes * CountCombinations(matrix);
}

std::optional<size_t> FindExclusion(const Matrix& matrix, const Combination& combination) {
  for (size_t i = 0; i < matrix.exclusions.size(); ++i) {
    if (RuleHolds(matrix.exclusions[i], combination)) return i;
  }
  return std::nullopt;
}

Grid LayOut(const Matrix& matrix) {
  Grid grid;
  grid.excluded.resize(matrix.exclusions.size());
  const uint64_t total = CountCombinations(matrix);
  std::unordered_map<std::string, size_t> block_of_key;
  for (uint64_t number = 0; number < total; ++number) {
    const Combination combination = CombinationAt(matrix, number);
    if (const auto rule = FindExclusion(matrix, combination)) {
      ++grid.excluded[*rule];
      continue;
    }
    const auto [entry, fresh] =
        block_of_key.emplace(BlockKey(matrix, combination), grid.blocks.size());
    if (fresh) grid.blocks.emplace_back();
    GridBlock& block = grid.blocks[entry->second];
    const bool is_baseline = IsBaseline(matrix, combination);
    if (is_baseline) {
      block.baseline = number;
    } else {
      block.candidates.push_back(number);
    }
    grid.arms += is_baseline ? 2 : 1;
  }
  return grid;
}

}  // namespace quantfleet::matrix
