// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "agent/executor/block_runner.hpp"
#include "agent/session/backoff.hpp"
#include "agent/session/coordinator_client.hpp"
#include "agent/spool/spool.hpp"
#include "base/clock.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::agent {

// Brings results to the spool and from there to the coordinator, from a thread of its own, so that
// the device waits for neither disk nor network. A result is on disk before it is reported, and
// leaves the disk with the coordinator's verdict. Thread-safe.
class Reporter {
 public:
  // Called from the reporter's thread with the session and the reason why it can no longer report
  // under it: kFailedPrecondition (the session is over), or what no retry mends.
  using OnRefused = std::function<void(const std::string& session_id, const Status& reason)>;

  // Both outlive the object.
  Reporter(CoordinatorClient* coordinator, Spool* spool, OnRefused on_refused);
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;
  // Writes what it was handed, and tries for two seconds at most to report it.
  ~Reporter();

  // Takes the result or failure of one run, not yet read. Not `at_once`: work on it begins with
  // Resume, or when there is other work.
  void Hand(const SpoolKey& key, Result<UnreadResult> result, bool at_once);
  void Resume();
  // Reports under this session from now on; whatever is in the spool first.
  void UseSession(const std::string& session_id);
  // True if the result of this run is kept here, on disk or on its way there.
  bool Has(const SpoolKey& key) const;
  // Results and failures kept here.
  size_t Kept() const;
  // Waits at most so long until everything handed was offered to the coordinator once.
  void AwaitOffered(Duration most, const std::stop_token& stop);

 private:
  void Loop();
  // Waits for work, for the time of the next attempt after a failed one, or for the end.
  void AwaitWork(std::unique_lock<std::mutex>* lock);
  // Moves what was handed to the spool.
  void WriteHanded();
  // After an attempt under `session_id`.
  void Settle(const std::string& session_id, const Status& status);
  Status ReportPending(const std::string& session_id);
  // Reports these in one call; each in one of its own if the coordinator refuses them together.
  Status ReportTogether(const std::vector<SpoolKey>& keys, v1::ReportRequest request);
  Status ReportOne(const std::string& session_id, const SpoolKey& key);
  // What the coordinator refuses once it refuses always: it is told instead that there is none.
  Status ReplaceRefused(const SpoolKey& key, const v1::ReportRequest& refused,
                        const std::string& reason);
  Status TakeVerdicts(const std::vector<SpoolKey>& keys, const v1::ReportResponse& response);

  CoordinatorClient* const coordinator_;
  Spool* const spool_;
  const OnRefused on_refused_;
  std::stop_source hurry_;    // of calls, when the time to end is over
  Backoff backoff_;           // of the thread
  std::string last_problem_;  // of the thread
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  struct Handed {
    SpoolKey key;
    Result<UnreadResult> result;
  };
  std::deque<Handed> handed_;  // the first may be on its way to the disk
  std::string session_id_;
  bool due_ = false;     // there is something new
  bool busy_ = false;    // writing or reporting
  bool failed_ = false;  // the last attempt, so that there is to be another
  bool ending_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace quantfleet::agent
