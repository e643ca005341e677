// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/memory.hpp"

#include <cstddef>
#include <cstring>
#include <fstream>
#include <new>
#include <string>

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

class MappedBuffer final : public engine::DeviceBuffer {
 public:
  MappedBuffer(void* mapped, uint64_t length, std::byte* data, uint64_t bytes)
      : mapped_(mapped), length_(length), data_(data), bytes_(bytes) {}
  ~MappedBuffer() override { munmap(mapped_, length_); }
  MappedBuffer(const MappedBuffer&) = delete;
  MappedBuffer& operator=(const MappedBuffer&) = delete;
  std::byte* data() override { return data_; }
  uint64_t bytes() const override { return bytes_; }

 private:
  void* mapped_;
  uint64_t length_;
  std::byte* data_;
  uint64_t bytes_;
};

}  // namespace

uint64_t TotalMemoryBytes() {
  return MemInfo("MemTotal");
}

uint64_t AvailableMemoryBytes() {
  return MemInfo("MemAvailable");
}

Result<std::unique_ptr<engine::DeviceBuffer>> AllocatePresent(uint64_t bytes) {
  // Linux promises more than it has and kills later: ask before, so that it stays an answer.
  const bool large = bytes >= 16 * kMebibyte;
  if (large && AvailableMemoryBytes() < bytes + TotalMemoryBytes() / 8) {
    return ResourceExhausted(FormatBytes(bytes) + " do not fit into the " +
                             FormatBytes(AvailableMemoryBytes()) + " available");
  }
  const bool huge = bytes >= kHugePage / 2;
  const uint64_t length = bytes + (huge ? kHugePage : 4096);
  void* const mapped =
      mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return ResourceExhausted("no memory for " + FormatBytes(bytes));
  const auto address = reinterpret_cast<uintptr_t>(mapped);
  const uintptr_t aligned = huge ? (address + kHugePage - 1) / kHugePage * kHugePage : address;
  auto* const data = reinterpret_cast<std::byte*>(aligned);
  if (huge) (void)madvise(data, bytes, MADV_HUGEPAGE);  // A hint: small pages work too.
  for (uint64_t at = 0; at < bytes; at += 4096) data[at] = std::byte{0};
  return std::unique_ptr<engine::DeviceBuffer>(
      std::make_unique<MappedBuffer>(mapped, length, data, bytes));
}

}  // namespace quantfleet::cpu
