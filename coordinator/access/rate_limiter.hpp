// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace quantfleet::access {

// Token buckets by key: `burst` at once, then `per_second`. Keeps at most `most_keys`, and forgets
// the one that was idle longest first. Thread-safe.
class RateLimiter {
 public:
  // `clock` outlives the object.
  RateLimiter(double per_second, double burst, size_t most_keys, const Clock* clock);

  // True, and one less in the bucket, unless it is empty.
  bool Take(const std::string& key);
  // True if Take would be. Takes nothing.
  bool HasRoom(const std::string& key);

 private:
  struct Bucket {
    std::string key;
    double level = 0;
    Duration filled{};
  };
  // The bucket, filled up to now and in front.
  Bucket& Refresh(const std::string& key);

  const double per_second_;
  const double burst_;
  const size_t most_keys_;
  const Clock* const clock_;
  std::mutex mutex_;
  std::list<Bucket> buckets_;  // last used in front
  std::unordered_map<std::string, std::list<Bucket>::iterator> index_;
};

}  // namespace quantfleet::access
