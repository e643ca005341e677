// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/backlog.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

namespace quantfleet::scheduler {

int Interned::Add(std::string_view text) {
  const auto [found, added] = numbers_.emplace(text, Size());
  if (added) texts_.push_back(text);
  return found->second;
}

int Interned::Find(std::string_view text) const {
  const auto found = numbers_.find(text);
  return found == numbers_.end() ? -1 : found->second;
}

Backlog::Backlog(const std::vector<Candidate>& candidates, const Interned& device_classes,
                 const CostModel& costs)
    : candidates_(candidates), device_classes_(device_classes), costs_(costs) {
  std::set<std::string_view> names;
  for (const Candidate& candidate : candidates_) names.insert(candidate.principal);
  for (const std::string_view name : names) principals_.Add(name);
  items_.resize(candidates_.size());
  for (size_t i = 0; i < items_.size(); ++i) {
    items_[i].weights = weights_.Add(candidates_[i].weights_key);
    items_[i].matrix = matrices_.Add(candidates_[i].matrix_id);
    items_[i].cost = cost_keys_.Add(candidates_[i].cost_key);
  }
  MakeLots();
  estimates_.resize(static_cast<size_t>(device_classes_.Size()));
}

void Backlog::MakeLots() {
  std::map<std::tuple<int64_t, int, int>, int> numbers;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Candidate& candidate = candidates_[i];
    const int band = std::clamp(candidate.band, 0, kBands - 1);
    const int principal = principals_.Find(candidate.principal);
    const auto [found, added] = numbers.emplace(std::tuple(candidate.class_id, band, principal),
                                                static_cast<int>(lots_.size()));
    if (added) {
      lots_of_class_[candidate.class_id].push_back(found->second);
      lots_.push_back({band, principal, 0, {}, {}, {}, {}});
    }
    items_[i].lot = found->second;
    LotAt(found->second).order.items.push_back(static_cast<int>(i));
  }
  for (Lot& lot : lots_) {
    lot.left = static_cast<int>(lot.order.items.size());
    std::sort(lot.order.items.begin(), lot.order.items.end(),
              [this](int a, int b) { return Before(a, b); });
    for (const int item : lot.order.items) {
      lot.by_weights[items_[static_cast<size_t>(item)].weights].items.push_back(item);
    }
  }
}

const std::vector<int>& Backlog::LotsOf(int64_t class_id) const {
  static const std::vector<int> kNone;
  const auto found = lots_of_class_.find(class_id);
  return found == lots_of_class_.end() ? kNone : found->second;
}

bool Backlog::Before(int item, int other) const {
  const Candidate& a = At(item);
  const Candidate& b = At(other);
  return std::tie(a.sort_key, a.block_id) < std::tie(b.sort_key, b.block_id);
}

int Backlog::FirstOf(Line* line, const std::string& session) {
  const auto given = [&](size_t at) { return items_[static_cast<size_t>(line->items[at])].given; };
  while (line->head < line->items.size() && given(line->head)) ++line->head;
  for (size_t at = line->head; at < line->items.size(); ++at) {
    if (given(at)) continue;
    const std::string& avoided = At(line->items[at]).avoid_session;
    if (avoided.empty() || avoided != session) return line->items[at];
  }
  return -1;
}

int Backlog::Front(int lot, const std::string& session) {
  return FirstOf(&LotAt(lot).order, session);
}

int Backlog::FrontOfWeights(int lot, std::string_view weights_key, const std::string& session) {
  auto& lines = LotAt(lot).by_weights;
  const auto line = lines.find(weights_.Find(weights_key));
  return line == lines.end() ? -1 : FirstOf(&line->second, session);
}

std::vector<int> Backlog::ByEstimate(const Lot& lot, int device, bool longest_first) {
  std::vector<int> items;
  for (const int item : lot.order.items) {
    if (!items_[static_cast<size_t>(item)].given) items.push_back(item);
  }
  // Stable: equals stay in the lot's order.
  std::stable_sort(items.begin(), items.end(), [&](int a, int b) {
    const double first = EstimateOf(device, longest_first ? b : a).seconds;
    return first < EstimateOf(device, longest_first ? a : b).seconds;
  });
  return items;
}

int Backlog::Longest(int lot, int device, int matrix, int weights, const std::string& session) {
  Lot& from = LotAt(lot);
  const std::tuple wanted(device, matrix, weights);
  auto found = from.longest.find(wanted);
  if (found == from.longest.end()) {
    // All matrices and weights of the lot in one pass.
    for (const int item : ByEstimate(from, device, true)) {
      from.longest[{device, MatrixOf(item), kAnyWeights}].items.push_back(item);
      from.longest[{device, MatrixOf(item), WeightsOf(item)}].items.push_back(item);
    }
    found = from.longest.try_emplace(wanted).first;
  }
  return FirstOf(&found->second, session);
}

int Backlog::Shortest(int lot, int device, const std::string& session) {
  Lot& from = LotAt(lot);
  auto found = from.shortest.find(device);
  if (found == from.shortest.end()) {
    found = from.shortest.emplace(device, Line{ByEstimate(from, device, false), 0}).first;
  }
  return FirstOf(&found->second, session);
}

const Estimate& Backlog::EstimateOf(int device, int item) {
  const int cost = items_[static_cast<size_t>(item)].cost;
  std::vector<Estimate>& of_device = estimates_[static_cast<size_t>(device)];
  if (of_device.empty()) of_device.resize(static_cast<size_t>(cost_keys_.Size()), {-1, false});
  Estimate& estimate = of_device[static_cast<size_t>(cost)];
  if (estimate.seconds < 0) {
    estimate = costs_.EstimateOf(device_classes_.Text(device), cost_keys_.Text(cost));
  }
  return estimate;
}

void Backlog::Give(int item) {
  Item& given = items_[static_cast<size_t>(item)];
  given.given = true;
  --LotAt(given.lot).left;
}

}  // namespace quantfleet::scheduler
