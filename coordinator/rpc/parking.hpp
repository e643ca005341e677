// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "coordinator/postgres/pool.hpp"

namespace quantfleet::rpc {

// A call that waits for the database to change, without a thread or a connection of its own.
struct ParkedCall {
  // Looks again. True: it has answered, or others see to it now. With `last` it must be answered.
  std::function<bool(postgres::Connection&, bool last)> attempt;
  // Session that waits for a block, or empty: then it is looked at a few times a second.
  std::string session_id;
  Duration deadline{};  // of Clock::Steady
};

// Long polls. One thread wakes on a local hint, on the nearest deadline, and once a tick while
// anything waits (other replicas give no hint); it asks the database once for all sessions which of
// them could be answered. One round at a time: hints that come meanwhile are one hint.
// Thread-safe.
class Parking {
 public:
  // `pool` outlives the object.
  Parking(postgres::Pool* pool, Duration tick);
  ~Parking();
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;

  void Park(ParkedCall call);
  // Something changed that a waiting call may want.
  void Wake();
  // Answers everything that waits, and from now on everything at once. Blocks until done.
  void Drain();
  // Calls that wait now.
  uint32_t Waiting() const;

 private:
  void Loop();
  // Of the calls, those whose turn to be looked at it is; the others stay.
  std::vector<ParkedCall> TakeRound(Duration now);
  void Round(std::vector<ParkedCall> calls, bool last, bool thorough);

  postgres::Pool* const pool_;
  const Duration tick_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable settled_;
  std::vector<ParkedCall> calls_;
  bool hint_ = false;
  bool hint_pending_ = false;  // for those who watch
  bool draining_ = false;
  bool stopping_ = false;
  bool in_round_ = false;
  uint32_t round_calls_ = 0;  // calls in it
  Duration next_thorough_{};
  Duration next_watch_{};  // calls without a session are looked at then
  std::thread thread_;
};

}  // namespace quantfleet::rpc
