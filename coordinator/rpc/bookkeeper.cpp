// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/bookkeeper.hpp"

#include <chrono>

#include "base/logging.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/results/partitions.hpp"
#include "coordinator/postgres/sync/costs.hpp"

namespace quantfleet::rpc {
namespace {

constexpr auto kPeriod = std::chrono::seconds(15);
constexpr int kRoundsAMatrixCheck = 20;  // it reads every block of what runs

}  // namespace

Bookkeeper::Bookkeeper(postgres::Pool* pool, scheduler::Dispatcher* dispatcher)
    : pool_(pool), dispatcher_(dispatcher), thread_([this] { Loop(); }) {}

Bookkeeper::~Bookkeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Bookkeeper::Loop() {
  for (int round = 0;; ++round) {
    // The sweeper tells of a database that is away; here it only means another time.
    const Status status = Keep(round % kRoundsAMatrixCheck == 1);
    if (!status.ok()) log::Info("the books wait", {{"reason", status.message()}});
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, kPeriod, [&] { return stopping_; })) {
      lock.unlock();
      if (status.ok()) static_cast<void>(Keep(false));
      return;
    }
  }
}

Status Bookkeeper::Keep(bool check_matrices) {
  return pool_->RunAndWait([=, this](postgres::Connection& db) -> Status {
    if (!loaded_) {
      QF_RETURN_IF_ERROR(postgres::LoadDispatcher(db, *dispatcher_));
      loaded_ = true;
      return OkStatus();
    }
    QF_RETURN_IF_ERROR(postgres::SaveDispatcher(db, *dispatcher_));
    QF_RETURN_IF_ERROR(postgres::MakePartitionsAhead(db));
    if (!check_matrices) return OkStatus();
    QF_RETURN_IF_ERROR(postgres::DropEmptyPartitions(db).status());
    return postgres::EndForgottenMatrices(db);
  });
}

}  // namespace quantfleet::rpc
