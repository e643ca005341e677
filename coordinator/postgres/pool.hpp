// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// Threads that each own a connection, fed by a bounded queue: a libpqxx connection is a world of
// its own and may not be shared, and a gRPC reactor may not block. Thread-safe.
class Pool {
 public:
  using Job = std::function<void(Connection&)>;
  // Told of what happens to jobs, from any thread; either may be empty.
  struct Watch {
    std::function<void(Duration waited)> started;
    std::function<void()> refused;
  };

  Pool(const std::string& conninfo, int threads, size_t max_queued, Watch watch = {});
  // Runs what is queued, then stops.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // False, and `job` never runs, if the queue is full or the pool is stopping.
  bool Post(Job job);
  // Runs `job` on the pool and waits for it. kUnavailable if the queue is full. Never call from a
  // job.
  Status RunAndWait(const std::function<Status(Connection&)>& job);
  // Jobs that wait now.
  size_t Queued() const;
  // Jobs that ran to their end, and that were begun, since the pool was made.
  uint64_t Finished() const { return finished_; }
  uint64_t Started() const { return started_; }

 private:
  void Work(std::string conninfo);

  struct Waiting {
    Job job;
    Duration since{};
  };

  const size_t max_queued_;
  const Watch watch_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> queue_;
  bool stopping_ = false;
  std::atomic<uint64_t> started_ = 0, finished_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace quantfleet::postgres
