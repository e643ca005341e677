// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/cost_model.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/scheduler/block_keys.hpp"

namespace quantfleet::scheduler {
namespace {

constexpr double kLatestWeight = 0.25;
// The median of a class with n keys is taken anew after n / 16 observations.
constexpr size_t kMedianShare = 16;
// Enough for the mean to have forgotten where it began.
constexpr int kMostSamples = 1'000'000;

bool IsTime(double seconds) {
  return std::isfinite(seconds) && seconds >= 0;
}

}  // namespace

void CostModel::DeviceClass::TakeMedian() {
  std::vector<double> arm_seconds;
  arm_seconds.reserve(keys.size());
  for (const auto& [key, history] : keys) {
    arm_seconds.push_back(history.seconds / PriorOf(key).arms);
  }
  const auto middle = arm_seconds.begin() + static_cast<ptrdiff_t>(arm_seconds.size() / 2);
  std::nth_element(arm_seconds.begin(), middle, arm_seconds.end());
  median_arm_seconds = *middle;
  median_due = keys.size() / kMedianShare;
}

void CostModel::DeviceClass::DropLeastSeen() {
  const auto least = std::min_element(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    return a.second.samples < b.second.samples;
  });
  keys.erase(least);
}

void CostModel::Observe(std::string_view device_class, std::string_view cost_key, double seconds) {
  if (!IsTime(seconds)) return;
  DeviceClass& device = classes_[std::string(device_class)];
  auto found = device.keys.find(cost_key);
  if (found == device.keys.end()) {
    if (device.keys.size() >= kMostKeys) device.DropLeastSeen();
    found = device.keys.emplace(cost_key, History{seconds, 0}).first;
  }
  History& history = found->second;
  // The plain mean of the first runs, so that the very first is no more than one of them.
  const double weight = std::max(kLatestWeight, 1.0 / (history.samples + 1));
  history.seconds += weight * (seconds - history.seconds);
  history.samples = std::min(history.samples + 1, kMostSamples);
  if (device.median_due == 0) {
    device.TakeMedian();
  } else {
    --device.median_due;
  }
}

Estimate CostModel::EstimateOf(std::string_view device_class, std::string_view cost_key) const {
  const Prior prior = PriorOf(cost_key);
  const auto device = classes_.find(device_class);
  if (device == classes_.end()) return {prior.arms * prior.arm_seconds, false};
  const auto history = device->second.keys.find(cost_key);
  if (history != device->second.keys.end()) return {history->second.seconds, true};
  return {prior.arms * device->second.median_arm_seconds, true};
}

std::vector<CostRow> CostModel::Snapshot() const {
  std::vector<CostRow> rows;
  for (const auto& [device_class, device] : classes_) {
    for (const auto& [key, history] : device.keys) {
      rows.push_back({device_class, key, history.seconds, history.samples});
    }
  }
  return rows;
}

void CostModel::Restore(const std::vector<CostRow>& rows) {
  classes_.clear();
  for (const CostRow& row : rows) {
    if (!IsTime(row.seconds) || row.samples < 1) continue;
    DeviceClass& device = classes_[row.device_class];
    device.keys[row.cost_key] = {row.seconds, std::min(row.samples, kMostSamples)};
    if (device.keys.size() > kMostKeys) device.DropLeastSeen();
  }
  for (auto& [name, device] : classes_) device.TakeMedian();
}

}  // namespace quantfleet::scheduler
