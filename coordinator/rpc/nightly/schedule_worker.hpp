// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "coordinator/matrix/matrix.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/rpc/access/gate.hpp"
#include "coordinator/rpc/parking.hpp"

namespace quantfleet::rpc {

// Submits the matrices of schedules when they are due, on a thread and a connection of its own. Any
// number of replicas may do so.
class ScheduleWorker {
 public:
  // `database` as for postgres::Connection. `parking` outlives the object.
  ScheduleWorker(const std::string& database, Parking* parking, const matrix::Limits& limits,
                 const AccessLimits& access_limits);
  ~ScheduleWorker();
  ScheduleWorker(const ScheduleWorker&) = delete;
  ScheduleWorker& operator=(const ScheduleWorker&) = delete;

 private:
  void Loop();

  Parking* const parking_;
  const matrix::Limits limits_;
  const AccessLimits access_limits_;
  postgres::Connection db_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace quantfleet::rpc
