// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/weight_cache.hpp"

#include <algorithm>
#include <iterator>

namespace quantfleet::linear {
namespace {

// Alignment of each copy. No larger: copies a page apart would share cache sets.
constexpr uint64_t kAlignment = 256;

}  // namespace

std::shared_ptr<WeightCopies> WeightCache::Find(const WeightKey& key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return entries_.front().second;
}

void WeightCache::MakeRoom(uint64_t bytes) {
  uint64_t held = 0;
  for (const auto& entry : entries_) held += entry.second->buffer->bytes();
  const uint64_t limit = device_.weight_cache_bytes();
  for (auto entry = entries_.end(); entry != entries_.begin();) {
    --entry;
    if (bytes <= limit && held <= limit - bytes) return;
    if (entry->second.use_count() > 1) continue;
    held -= entry->second->buffer->bytes();
    entry = entries_.erase(entry);
  }
}

Result<std::unique_ptr<engine::DeviceBuffer>> WeightCache::Allocate(uint64_t bytes) {
  MakeRoom(bytes);
  auto buffer = device_.Allocate(bytes);
  if (buffer.ok() || buffer.status().code() != StatusCode::kResourceExhausted) return buffer;
  Clear();  // The limit is an estimate: the device has the last word.
  return device_.Allocate(bytes);
}

Result<std::shared_ptr<WeightCopies>> WeightCache::Add(const WeightKey& key,
                                                       std::span<const std::byte> packed) {
  auto made = std::make_shared<WeightCopies>();
  made->stride = (packed.size() + kAlignment - 1) / kAlignment * kAlignment;
  const uint64_t wanted = (device_.cold_span_bytes() + made->stride - 1) / made->stride;
  made->copies = key.cold ? static_cast<uint32_t>(std::clamp<uint64_t>(wanted, 2, 1U << 20)) : 1;
  QF_ASSIGN_OR_RETURN(made->buffer, Allocate(made->stride * made->copies));
  QF_RETURN_IF_ERROR(device_.Upload(*made->buffer, 0, packed));
  // Doubling: few calls, each as large as can be.
  for (uint64_t done = 1; done < made->copies;) {
    const uint64_t more = std::min<uint64_t>(done, made->copies - done);
    QF_RETURN_IF_ERROR(device_.Copy(*made->buffer, done * made->stride, 0, more * made->stride));
    done += more;
  }
  entries_.emplace_front(key, made);
  return made;
}

}  // namespace quantfleet::linear
