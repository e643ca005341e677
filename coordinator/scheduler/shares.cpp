// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/shares.hpp"

#include <algorithm>

namespace quantfleet::scheduler {

namespace {
constexpr double kLeastWeight = 0.001;
}  // namespace

double DeviceShares::StartOf(std::string_view principal) const {
  const auto found = finish.find(principal);
  return found == finish.end() ? now : std::max(found->second, now - Shares::kLagSeconds);
}

void Shares::SetWeight(const std::string& principal, double weight) {
  weights_[principal] = weight > kLeastWeight ? weight : kLeastWeight;
}

double Shares::WeightOf(std::string_view principal) const {
  const auto found = weights_.find(principal);
  return found == weights_.end() ? 1 : found->second;
}

void Shares::Correct(const std::string& device_class, const std::string& principal, double expected,
                     double actual) {
  DeviceShares& shares = devices_[device_class];
  const auto found = shares.finish.find(principal);
  // Forgotten meanwhile: it is far behind whatever it had.
  if (found == shares.finish.end()) return;
  found->second += (actual - expected) / WeightOf(principal);
}

void Shares::Prune() {
  for (auto& [device_class, shares] : devices_) {
    std::erase_if(shares.finish, [&shares = shares](const auto& entry) {
      return entry.second <= shares.now - kLagSeconds;
    });
  }
}

}  // namespace quantfleet::scheduler
