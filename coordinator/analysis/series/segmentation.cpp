// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/series/segmentation.hpp"

#include <algorithm>
#include <limits>

#include "base/status.hpp"

namespace quantfleet::analysis {
namespace {

// Sums over the first n values, for the squared distance of any segment in constant time.
struct Sums {
  explicit Sums(std::span<const double> values) : values_(1), squares_(1) {
    // About a value of the series: a level far from zero would drown the squares in rounding.
    const double origin = values.empty() ? 0 : values[values.size() / 2];
    for (const double value : values) {
      values_.push_back(values_.back() + (value - origin));
      squares_.push_back(squares_.back() + (value - origin) * (value - origin));
    }
  }

  double Distance(size_t first, size_t end) const {
    const double sum = values_[end] - values_[first];
    const double squares = squares_[end] - squares_[first];
    return std::max(0.0, squares - sum * sum / static_cast<double>(end - first));
  }

 private:
  std::vector<double> values_;
  std::vector<double> squares_;
};

}  // namespace

std::vector<size_t> BestSegments(std::span<const double> values, double penalty, size_t least) {
  QF_CHECK(least >= 1 && penalty >= 0);
  const size_t count = values.size();
  if (count < 2 * least) return {0};
  const Sums sums(values);
  // cost[n]: of the first n values; start[n]: where their last segment starts.
  std::vector<double> cost(count + 1, std::numeric_limits<double>::infinity());
  std::vector<size_t> start(count + 1, 0);
  cost[0] = 0;
  for (size_t end = least; end <= count; ++end) {
    for (size_t first = 0; first + least <= end; ++first) {
      const double candidate = cost[first] + penalty + sums.Distance(first, end);
      if (candidate < cost[end]) {
        cost[end] = candidate;
        start[end] = first;
      }
    }
  }
  std::vector<size_t> starts;
  for (size_t end = count; end > 0; end = start[end]) starts.push_back(start[end]);
  std::reverse(starts.begin(), starts.end());
  return starts;
}

}  // namespace quantfleet::analysis
