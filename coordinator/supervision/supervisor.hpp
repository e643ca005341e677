// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "coordinator/postgres/pool.hpp"
#include "coordinator/rpc/server.hpp"
#include "coordinator/supervision/notify_socket.hpp"

namespace quantfleet {

// Looks after the program, about once a second: asks the database through the pool, and the server
// through its own port. The health service says SERVING while the database answers. The supervisor
// above hears "WATCHDOG=1" while the pool's threads get on, whatever the database says, and the
// port answers: a restart mends a program that hangs, not a database that is away.
class Supervisor {
 public:
  // All outlive the object. Says "READY=1".
  Supervisor(const NotifySocket* socket, postgres::Pool* pool, rpc::Server* server);
  // Says "STOPPING=1".
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

 private:
  struct Ping;
  void Loop();
  void StartPing();
  // The pool ran something since the last look, or had nothing to run.
  bool PoolGetsOn();
  bool DatabaseAnswers() const;
  void TellWatchdog(bool pool, bool port);

  const NotifySocket* const socket_;
  postgres::Pool* const pool_;
  rpc::Server* const server_;
  // Shared with a ping that is under way when the object goes.
  const std::shared_ptr<Ping> ping_;
  uint64_t finished_ = 0;
  Duration pool_seen_{}, port_seen_{};
  bool silent_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;  // last
};

}  // namespace quantfleet
