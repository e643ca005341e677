// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/postgres/expansion/expand.hpp"
#include "coordinator/postgres/search/searcher.hpp"
#include "coordinator/rpc/parking.hpp"

namespace quantfleet::rpc {

// Makes the blocks of large matrices, those of device classes that join one later, and those that a
// search asks for, and feeds them to the queue, a bit at a time, on a thread and a connection of
// its own: calls never wait for it. Any number of replicas may do so.
class ExpansionWorker {
 public:
  // `database` as for postgres::Connection. `parking` outlives the object.
  ExpansionWorker(const std::string& database, Parking* parking);
  ~ExpansionWorker();
  ExpansionWorker(const ExpansionWorker&) = delete;
  ExpansionWorker& operator=(const ExpansionWorker&) = delete;

 private:
  void Loop();
  // One bit of each kind of work. True: there may be more.
  Result<bool> Step();

  Parking* const parking_;
  postgres::Connection db_;
  postgres::Expander expander_;
  postgres::Searcher searcher_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace quantfleet::rpc
