// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/grid/exclusion_table.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include "coordinator/matrix/grid/grid.hpp"

namespace quantfleet::matrix {
namespace {

constexpr size_t kBits = 64;

bool Holds(const scheduler::Condition& condition, const AxisValue& value) {
  const double* number = std::get_if<double>(&value.value);
  return scheduler::Holds(condition, value.text,
                          number ? std::optional<double>(*number) : std::nullopt);
}

size_t WordsOf(const Matrix& matrix) {
  return (matrix.exclusions.size() + kBits - 1) / kBits;
}

// True if the conditions of `rule` on the axes of `group` hold at `point`.
bool HoldsAt(const ExclusionRule& rule, const AxisGroup& group,
             const std::vector<AxisValue>& point) {
  for (size_t i = 0; i < group.axes.size(); ++i) {
    const auto condition = rule.when.find(group.axes[i]);
    if (condition != rule.when.end() && !Holds(condition->second, point[i])) return false;
  }
  return true;
}

bool LooksAt(const ExclusionRule& rule, const AxisGroup& group) {
  return std::any_of(group.axes.begin(), group.axes.end(),
                     [&](const std::string& axis) { return rule.when.contains(axis); });
}

uint64_t BytesOf(const scheduler::Condition& condition) {
  constexpr uint64_t kBytesOfABound = 8;
  uint64_t bytes = kBytesOfABound;
  for (const std::string& entry : condition.any_of) bytes += entry.size() + kBytesOfABound;
  for (const std::string& entry : condition.none_of) bytes += entry.size() + kBytesOfABound;
  return bytes;
}

}  // namespace

ExclusionTable::ExclusionTable(const Matrix& matrix) : words_(WordsOf(matrix)) {
  groups_.resize(matrix.groups.size());
  for (size_t g = 0; g < groups_.size(); ++g) {
    const AxisGroup& group = matrix.groups[g];
    std::vector<size_t> looking;  // rules
    Rules others(words_);
    for (size_t r = 0; r < matrix.exclusions.size(); ++r) {
      if (LooksAt(matrix.exclusions[r], group)) {
        looking.push_back(r);
      } else {
        others[r / kBits] |= uint64_t{1} << (r % kBits);
      }
    }
    if (looking.empty()) continue;
    // Few signatures stand for many points, or a table of many rules would be large.
    std::map<Rules, uint32_t> known;
    for (const std::vector<AxisValue>& point : group.points) {
      Rules rules = others;
      for (const size_t r : looking) {
        if (!HoldsAt(matrix.exclusions[r], group, point)) continue;
        rules[r / kBits] |= uint64_t{1} << (r % kBits);
      }
      const auto [entry, fresh] =
          known.emplace(rules, static_cast<uint32_t>(groups_[g].signatures.size()));
      if (fresh) groups_[g].signatures.push_back(std::move(rules));
      groups_[g].signature_of_point.push_back(entry->second);
    }
  }
}

std::optional<size_t> ExclusionTable::Find(const std::vector<uint32_t>& points) const {
  for (size_t word = 0; word < words_; ++word) {
    uint64_t holding = ~uint64_t{0};
    for (size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      if (group.signatures.empty()) continue;
      holding &= group.signatures[group.signature_of_point[points[g]]][word];
    }
    // A rule looks at one group at least: bits beyond the last rule are never left.
    if (holding != 0) return word * kBits + static_cast<size_t>(std::countr_zero(holding));
  }
  return std::nullopt;
}

uint64_t ExclusionWork(const Matrix& matrix) {
  uint64_t bytes = CountCombinations(matrix) * WordsOf(matrix) * sizeof(uint64_t);
  for (const AxisGroup& group : matrix.groups) {
    uint64_t a_point = 0;
    for (const ExclusionRule& rule : matrix.exclusions) {
      for (const std::string& axis : group.axes) {
        const auto condition = rule.when.find(axis);
        if (condition != rule.when.end()) a_point += BytesOf(condition->second);
      }
    }
    bytes += a_point * group.points.size();
  }
  return bytes;
}

std::optional<size_t> FindExclusion(const Matrix& matrix, const Combination& combination) {
  for (size_t i = 0; i < matrix.exclusions.size(); ++i) {
    const auto& when = matrix.exclusions[i].when;
    if (std::all_of(when.begin(), when.end(), [&](const auto& entry) {
          return Holds(entry.second, combination.at(entry.first));
        })) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace quantfleet::matrix
