// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quantfleet::scheduler {

// What a block is expected to take.
struct Estimate {
  double seconds = 0;
  // False: nothing ever ran on such a device, and the number is the measure policy's.
  bool known = false;
};

// One line of what was learned, for storing.
struct CostRow {
  std::string device_class;
  std::string cost_key;
  double seconds = 0;
  int samples = 0;
};

// Learns what blocks take on a class of devices: a weighted mean of past runs with the same cost
// key (block_keys.hpp), where the latest counts a quarter. A key without history is expected to
// take its arms times the median that the class's keys took an arm; a class without history what
// its measure policy says. Holds at most kMostKeys keys a class; the least seen goes first. Not
// thread-safe.
class CostModel {
 public:
  static constexpr size_t kMostKeys = 4096;

  // A block with `cost_key` took `seconds`. Numbers that are no time are passed over.
  void Observe(std::string_view device_class, std::string_view cost_key, double seconds);
  Estimate EstimateOf(std::string_view device_class, std::string_view cost_key) const;

  // All that was learned, sorted, and the way back. Rows that make no sense are passed over.
  std::vector<CostRow> Snapshot() const;
  void Restore(const std::vector<CostRow>& rows);

 private:
  struct History {
    double seconds = 0;
    int samples = 0;
  };
  struct DeviceClass {
    std::map<std::string, History, std::less<>> keys;
    double median_arm_seconds = 0;
    // Observations until the median is taken anew: it costs a pass over all keys.
    size_t median_due = 0;

    void TakeMedian();
    void DropLeastSeen();
  };

  std::map<std::string, DeviceClass, std::less<>> classes_;
};

}  // namespace quantfleet::scheduler
