// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/memory.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include "base/units.hpp"

namespace quantfleet::cpu {
namespace {

constexpr uint64_t kHugePage = 2 * kMebibyte;

// A value of /proc/meminfo in bytes; 0 if it is not there. The kernel's "kB" are 1024 bytes.
uint64_t MemInfo(const std::string& key) {
  std::ifstream file("/proc/meminfo");
  std::string name;
  uint64_t kibibytes = 0;
  std::string rest;
  while (file >> name >> kibibytes && std::getline(file, rest)) {
    if (name == key + ":") return kibibytes * kKibibyte;
  }
  return 0;
}

// From this size on regions are rounded up to a class and kept.
constexpr uint64_t kLarge = 16 * kMebibyte;
constexpr uint64_t kMostKept = kGibibyte;

struct Region {
  void* mapped = nullptr;
  uint64_t length = 0;
  std::byte* data = nullptr;
  // What `data` has room for.
  uint64_t capacity = 0;
};

void Unmap(const Region& region) {
  munmap(region.mapped, region.length);
}

Result<Region> Map(uint64_t capacity) {
  // Linux promises more than it has and kills later: ask before, so that it stays an answer.
  if (capacity >= kLarge && AvailableMemoryBytes() < capacity + TotalMemoryBytes() / 8) {
    return ResourceExhausted(FormatBytes(capacity) + " do not fit into the " +
                             FormatBytes(AvailableMemoryBytes()) + " available");
  }
  const bool huge = capacity >= kHugePage / 2;
  const uint64_t length = capacity + (huge ? kHugePage : 4096);
  void* const mapped =
      mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return ResourceExhausted("no memory for " + FormatBytes(capacity));
  const auto address = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t aligned = huge ? (address + kHugePage - 1) / kHugePage * kHugePage : address;
  auto* const data = reinterpret_cast<std::byte*>(aligned);
  if (huge) (void)madvise(data, capacity, MADV_HUGEPAGE);  // A hint: small pages work too.
  for (uint64_t at = 0; at < capacity; at += 4096) data[at] = std::byte{0};
  return Region{mapped, length, data, capacity};
}

}  // namespace

struct MemoryPool::Kept {
  Kept() = default;
  ~Kept() {
    for (const Region& region : regions) Unmap(region);
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  void Return(const Region& region) {
    if (region.capacity < kLarge || bytes + region.capacity > kMostKept) return Unmap(region);
    bytes += region.capacity;
    regions.push_back(region);
  }
  std::optional<Region> Take(uint64_t capacity) {
    const auto found = std::find_if(regions.begin(), regions.end(), [&](const Region& region) {
      return region.capacity == capacity;
    });
    if (found == regions.end()) return std::nullopt;
    const Region region = *found;
    regions.erase(found);
    bytes -= capacity;
    return region;
  }
  void Clear() {
    for (const Region& region : regions) Unmap(region);
    regions.clear();
    bytes = 0;
  }

  std::vector<Region> regions;
  uint64_t bytes = 0;
};

namespace {

class MappedBuffer final : public engine::DeviceBuffer {
 public:
  MappedBuffer(const Region& region, uint64_t bytes, std::shared_ptr<MemoryPool::Kept> kept)
      : region_(region), bytes_(bytes), kept_(std::move(kept)) {}
  ~MappedBuffer() override { kept_->Return(region_); }
  MappedBuffer(const MappedBuffer&) = delete;
  MappedBuffer& operator=(const MappedBuffer&) = delete;
  std::byte* data() override { return region_.data; }
  uint64_t bytes() const override { return bytes_; }

 private:
  Region region_;
  uint64_t bytes_;
  std::shared_ptr<MemoryPool::Kept> kept_;
};

}  // namespace

uint64_t TotalMemoryBytes() {
  return MemInfo("MemTotal");
}

uint64_t AvailableMemoryBytes() {
  return MemInfo("MemAvailable");
}

MemoryPool::MemoryPool() : kept_(std::make_shared<Kept>()) {}

Result<std::unique_ptr<engine::DeviceBuffer>> MemoryPool::Allocate(uint64_t bytes) {
  const uint64_t step = bytes >= 4 * kLarge ? 2 * kLarge : kHugePage;
  const uint64_t capacity = bytes >= kLarge ? (bytes + step - 1) / step * step : bytes;
  std::optional<Region> region = kept_->Take(capacity);
  if (!region) {
    Result<Region> mapped = Map(capacity);
    if (!mapped.ok()) {
      kept_->Clear();  // What is kept for speed must not be what is missing.
      mapped = Map(capacity);
    }
    if (!mapped.ok()) return mapped.status();
    region = *mapped;
  }
  return std::unique_ptr<engine::DeviceBuffer>(
      std::make_unique<MappedBuffer>(*region, bytes, kept_));
}

}  // namespace quantfleet::cpu
