// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.hpp"
#include "kernels/engine/device.hpp"

namespace quantfleet::cpu {

// Memory from the system, in huge pages where they are to be had and with every page present, so
// that no sample pays for a page fault. Large regions that are given back are kept for the next
// request of their size class: under a hypervisor the first touch of a huge page can take
// milliseconds, longer than filling it. Not thread-safe; buffers may outlive the pool.
class MemoryPool {
 public:
  MemoryPool();
  // kResourceExhausted if the system refuses, or if less than an eighth of the machine's memory
  // would stay free. The content is undefined.
  Result<std::unique_ptr<engine::DeviceBuffer>> Allocate(uint64_t bytes);

  struct Kept;

 private:
  std::shared_ptr<Kept> kept_;
};

// Physical memory, and what a new process could take of it now. Bytes; 0 if unknown.
uint64_t TotalMemoryBytes();
uint64_t AvailableMemoryBytes();

}  // namespace quantfleet::cpu
