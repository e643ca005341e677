// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/nightly/schedule_worker.hpp"

#include <chrono>

#include "base/logging.hpp"
#include "coordinator/rpc/nightly/fire.hpp"

namespace quantfleet::rpc {
namespace {

constexpr auto kIdle = std::chrono::milliseconds(1000);
constexpr auto kAfterError = std::chrono::milliseconds(2000);

}  // namespace

ScheduleWorker::ScheduleWorker(const std::string& database, Parking* parking,
                               const matrix::Limits& limits, const AccessLimits& access_limits)
    : parking_(parking),
      limits_(limits),
      access_limits_(access_limits),
      db_(database),
      thread_([this] { Loop(); }) {}

ScheduleWorker::~ScheduleWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void ScheduleWorker::Loop() {
  std::chrono::milliseconds pause = kIdle;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, pause, [&] { return stopping_; })) {
    lock.unlock();
    const Result<bool> more = FireStep(db_, limits_, access_limits_);
    if (!more.ok()) log::Warning("schedules wait", {{"reason", more.status().message()}});
    if (more.ok() && *more) parking_->Wake();
    pause = !more.ok() ? kAfterError : *more ? std::chrono::milliseconds(0) : kIdle;
    lock.lock();
  }
}

}  // namespace quantfleet::rpc
