// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/status.hpp"
#include "kernels/engine/device.hpp"

namespace quantfleet::linear {

// Which weights a set of copies holds.
struct WeightKey {
  uint32_t seed = 0;
  uint32_t n = 0;
  uint32_t k = 0;
  std::string format;
  std::string layout;
  bool cold = false;
  bool operator==(const WeightKey&) const = default;
};

// Equal copies of packed weights in device memory, `stride` bytes apart.
struct WeightCopies {
  std::unique_ptr<engine::DeviceBuffer> buffer;
  uint32_t copies = 0;
  uint64_t stride = 0;
  // Copy that the next sample of any arm reads.
  uint32_t next = 0;
};

// The weight copies used last on one device. Arms and blocks of equal format and shape share them;
// copies in use are never dropped.
class WeightCache {
 public:
  explicit WeightCache(engine::Device& device) : device_(device) {}

  // nullptr if not held.
  std::shared_ptr<WeightCopies> Find(const WeightKey& key);
  // Uploads one copy and replicates it: as many as span cold_span_bytes (at least 2), or one when
  // warm. Makes room first. kResourceExhausted if the device has no memory.
  Result<std::shared_ptr<WeightCopies>> Add(const WeightKey& key,
                                            std::span<const std::byte> packed);
  // Drops what no arm uses.
  void Clear() { MakeRoom(UINT64_MAX); }

 private:
  void MakeRoom(uint64_t bytes);
  Result<std::unique_ptr<engine::DeviceBuffer>> Allocate(uint64_t bytes);

  engine::Device& device_;
  // Most recent first.
  std::list<std::pair<WeightKey, std::shared_ptr<WeightCopies>>> entries_;
};

}  // namespace quantfleet::linear
