// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/pool.hpp"
#include "coordinator/rpc/parking.hpp"

namespace quantfleet::rpc {

// Queues blocks again whose lease ran out. Waits a whole lease after its start and after each time
// the database was away: agents could not renew then, and their silence says nothing about them.
// Any number of replicas may sweep.
class Sweeper {
 public:
  // `pool` and `parking` outlive the object. `expired` is told how many sessions a sweep ended.
  Sweeper(postgres::Pool* pool, Parking* parking, postgres::LeasePolicy policy,
          std::function<void(uint64_t)> expired = {});
  ~Sweeper();
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

 private:
  void Loop();
  Status Sweep();

  postgres::Pool* const pool_;
  Parking* const parking_;
  const postgres::LeasePolicy policy_;
  const std::function<void(uint64_t)> expired_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace quantfleet::rpc
