// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "coordinator/postgres/pool.hpp"
#include "coordinator/scheduler/dispatcher.hpp"

namespace quantfleet::rpc {

// Keeps what is in memory and what is in the database together: learned costs and weights of the
// dispatcher, matrices that a program of an earlier version left without an end, and partitions for
// what comes. Any number of replicas may do so; nothing that is promised depends on it.
class Bookkeeper {
 public:
  // Both outlive the object.
  Bookkeeper(postgres::Pool* pool, scheduler::Dispatcher* dispatcher);
  // Stores once more.
  ~Bookkeeper();
  Bookkeeper(const Bookkeeper&) = delete;
  Bookkeeper& operator=(const Bookkeeper&) = delete;

 private:
  void Loop();
  Status Keep(bool check_matrices);

  postgres::Pool* const pool_;
  scheduler::Dispatcher* const dispatcher_;
  bool loaded_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace quantfleet::rpc
