// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

namespace quantfleet::scheduler {

// Bands of priority: 0 first.
inline constexpr int kBands = 10;

// Who has had how much of one class of devices. Start-time fair queueing (Goyal, Vin and Cheng,
// 1996): whose seconds over weight are least comes next; who was away comes back at the present, so
// that idle time is no claim on later time.
struct DeviceShares {
  // Seconds over weight of whoever was served last; what "now" is to a newcomer.
  double now = 0;
  // Seconds over weight of each principal, what it runs included.
  std::map<std::string, double, std::less<>> finish;
  // Device time that each band has been kept waiting and is to get although a lower band has work.
  // Seconds.
  std::array<double, kBands> owed{};

  // Where a principal stands: what it had, but no more than the lag behind the present.
  double StartOf(std::string_view principal) const;
};

// Device time by class of devices and principal. Kept by whoever calls Choose, in memory: with
// several coordinators each is fair in what it gives out itself. Not thread-safe.
class Shares {
 public:
  // How far a principal may fall behind, by blocks that took less than expected, and still catch
  // up. Device seconds at weight 1.
  static constexpr double kLagSeconds = 30;

  // 1 unless set. Weights that are not positive count as the least, 0.001.
  void SetWeight(const std::string& principal, double weight);
  double WeightOf(std::string_view principal) const;

  // A block took `actual` where Choose charged `expected` (0 for one that never ran). Seconds.
  void Correct(const std::string& device_class, const std::string& principal, double expected,
               double actual);

  // Of one class, made if need be.
  DeviceShares& Of(const std::string& device_class) { return devices_[device_class]; }
  // Forgets who stands where a newcomer would, so that memory stays with those that are active.
  void Prune();

 private:
  std::map<std::string, double, std::less<>> weights_;
  std::map<std::string, DeviceShares> devices_;
};

}  // namespace quantfleet::scheduler
