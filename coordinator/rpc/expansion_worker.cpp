// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/expansion_worker.hpp"

#include <chrono>

#include "base/logging.hpp"
#include "coordinator/postgres/expansion/feed.hpp"
#include "coordinator/postgres/expansion/join.hpp"

namespace quantfleet::rpc {
namespace {

constexpr auto kIdle = std::chrono::milliseconds(500);
constexpr auto kAfterError = std::chrono::seconds(2);

}  // namespace

ExpansionWorker::ExpansionWorker(const std::string& database, Parking* parking)
    : parking_(parking), db_(database), thread_([this] { Loop(); }) {}

ExpansionWorker::~ExpansionWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void ExpansionWorker::Loop() {
  std::chrono::milliseconds pause = kIdle;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, pause, [&] { return stopping_; })) {
    lock.unlock();
    const Result<bool> more = Step();
    if (!more.ok()) log::Warning("cannot expand matrices", {{"reason", more.status().message()}});
    pause = !more.ok() ? kAfterError : *more ? std::chrono::milliseconds(0) : kIdle;
    lock.lock();
  }
}

Result<bool> ExpansionWorker::Step() {
  // The queue first: devices may be idle for want of it.
  QF_ASSIGN_OR_RETURN(const bool fed, postgres::FeedQueue(db_));
  QF_ASSIGN_OR_RETURN(const bool joined, postgres::AdmitJoiners(db_));
  QF_ASSIGN_OR_RETURN(const bool searched, searcher_.Advance(db_));
  QF_ASSIGN_OR_RETURN(const bool made, expander_.Advance(db_));
  QF_ASSIGN_OR_RETURN(const bool settled, postgres::SettleCancelled(db_));
  if (fed || joined || searched || made) parking_->Wake();
  return fed || joined || searched || made || settled;
}

}  // namespace quantfleet::rpc
