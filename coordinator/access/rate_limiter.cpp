// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/access/rate_limiter.hpp"

#include <algorithm>

namespace quantfleet::access {

RateLimiter::RateLimiter(double per_second, double burst, size_t most_keys, const Clock* clock)
    : per_second_(per_second), burst_(burst), most_keys_(most_keys), clock_(clock) {}

bool RateLimiter::Take(const std::string& key) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = Refresh(key);
  if (bucket.level < 1) return false;
  bucket.level -= 1;
  return true;
}

bool RateLimiter::HasRoom(const std::string& key) {
  const std::lock_guard lock(mutex_);
  return !index_.contains(key) || Refresh(key).level >= 1;
}

RateLimiter::Bucket& RateLimiter::Refresh(const std::string& key) {
  const Duration now = clock_->Now();
  const auto found = index_.find(key);
  if (found == index_.end()) {
    buckets_.push_front({key, burst_, now});
    index_[key] = buckets_.begin();
    if (buckets_.size() > most_keys_) {
      index_.erase(buckets_.back().key);
      buckets_.pop_back();
    }
    return buckets_.front();
  }
  buckets_.splice(buckets_.begin(), buckets_, found->second);
  Bucket& bucket = buckets_.front();
  bucket.level = std::min(burst_, bucket.level + ToSeconds(now - bucket.filled) * per_second_);
  bucket.filled = now;
  return bucket;
}

}  // namespace quantfleet::access
