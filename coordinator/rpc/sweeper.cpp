// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/sweeper.hpp"

#include <algorithm>
#include <utility>

#include "base/logging.hpp"
#include "coordinator/postgres/operations/figures.hpp"

namespace quantfleet::rpc {
namespace {

constexpr int kSessionsASweep = 100;

}  // namespace

Sweeper::Sweeper(postgres::Pool* pool, Parking* parking, postgres::LeasePolicy policy,
                 std::function<void(uint64_t)> expired)
    : pool_(pool),
      parking_(parking),
      policy_(policy),
      expired_(std::move(expired)),
      thread_([this] { Loop(); }) {}

Sweeper::~Sweeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Sweeper::Loop() {
  const Duration grace = FromSeconds(policy_.lease_seconds);
  const Duration period = std::min<Duration>(std::chrono::seconds(5), grace / 4);
  Duration begin = Clock::Steady()->Now() + grace;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, period, [&] { return stopping_; })) {
    lock.unlock();
    // In the grace it only looks whether the database answers: the grace is counted from when the
    // database is back, not from when it went, and outages may follow each other.
    const bool waiting = Clock::Steady()->Now() < begin;
    const Status status = waiting ? pool_->RunAndWait(&postgres::Answers) : Sweep();
    if (!status.ok()) {
      log::Warning("cannot look for lost leases", {{"reason", status.message()}});
      begin = Clock::Steady()->Now() + grace + period;
    }
    lock.lock();
  }
}

Status Sweeper::Sweep() {
  int lost = 0;
  QF_RETURN_IF_ERROR(pool_->RunAndWait([&](postgres::Connection& db) -> Status {
    QF_ASSIGN_OR_RETURN(lost, postgres::ExpireLeases(db, kSessionsASweep, policy_));
    return postgres::LoseSilentSessions(db, 2 * std::max(policy_.lease_seconds, 25.0));
  }));
  if (lost > 0) {
    log::Warning("leases ran out", {{"sessions", lost}});
    if (expired_) expired_(static_cast<uint64_t>(lost));
    parking_->Wake();
  }
  return OkStatus();
}

}  // namespace quantfleet::rpc
