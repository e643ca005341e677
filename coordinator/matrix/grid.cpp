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

std::optional<size_t> FindExclusion(const Matrix& matrix, const Combination& combination) {
  for (size_t i = 0; i < matrix.exclusions.size(); ++i) {
    if (RuleHolds(matrix.exclusions[i], combination)) return i;
  }
  return std::nullopt;
}

Grid LayOut(const Matrix& matrix) {
  Grid grid;
  grid.excluded.resize(matrix.exclusions.size());
  uint64_t total = 1;
  for (const AxisGroup& group : matrix.groups) total *= group.points.size();
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
