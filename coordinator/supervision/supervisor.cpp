// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/supervision/supervisor.hpp"

#include <algorithm>

#include "base/logging.hpp"
#include "coordinator/postgres/operations/figures.hpp"

namespace quantfleet {
namespace {

constexpr Duration kPeriod = std::chrono::seconds(1);
// A database that takes longer to answer counts as away.
constexpr Duration kDatabasePatience = std::chrono::seconds(5);

}  // namespace

struct Supervisor::Ping {
  std::mutex mutex;
  bool under_way = false;
  Duration begin{};
  Status last;
};

Supervisor::Supervisor(const NotifySocket* socket, postgres::Pool* pool, rpc::Server* server)
    : socket_(socket),
      pool_(pool),
      server_(server),
      ping_(std::make_shared<Ping>()),
      pool_seen_(Clock::Steady()->Now()),
      port_seen_(pool_seen_) {
  socket_->Send("READY=1");
  thread_ = std::thread([this] { Loop(); });
}

Supervisor::~Supervisor() {
  socket_->Send("STOPPING=1");
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Supervisor::Loop() {
  const Duration watchdog = socket_->watchdog();
  const Duration period = watchdog > Duration() ? std::min(kPeriod, watchdog / 4) : kPeriod;
  bool serving = true;
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, period, [&] { return stopping_; })) {
    lock.unlock();
    StartPing();
    const bool port = server_->AnswersItself(period);
    if (const bool answers = DatabaseAnswers(); answers != serving) {
      serving = answers;
      server_->SetServing(serving);
      log::Warning(serving ? "the database answers again" : "the database does not answer");
    }
    if (watchdog > Duration()) TellWatchdog(PoolGetsOn(), port);
    lock.lock();
  }
}

void Supervisor::StartPing() {
  const std::lock_guard lock(ping_->mutex);
  if (ping_->under_way) return;
  ping_->begin = Clock::Steady()->Now();
  ping_->under_way = pool_->Post([ping = ping_](postgres::Connection& db) {
    Status answer = postgres::Answers(db);
    const std::lock_guard held(ping->mutex);
    ping->last = std::move(answer);
    ping->under_way = false;
  });
}

bool Supervisor::PoolGetsOn() {
  const uint64_t finished = pool_->Finished();
  const bool idle = pool_->Queued() == 0 && finished == pool_->Started();
  const bool moved = finished != finished_;
  finished_ = finished;
  return moved || idle;
}

bool Supervisor::DatabaseAnswers() const {
  const std::lock_guard lock(ping_->mutex);
  if (ping_->under_way && Clock::Steady()->Now() - ping_->begin > kDatabasePatience) return false;
  return ping_->last.ok();
}

void Supervisor::TellWatchdog(bool pool, bool port) {
  const Duration now = Clock::Steady()->Now();
  if (pool) pool_seen_ = now;
  if (port) port_seen_ = now;
  // One look in vain is no reason: the supervisor waits four.
  const Duration patience = socket_->watchdog() / 2;
  const bool pool_alive = now - pool_seen_ < patience;
  const bool port_alive = now - port_seen_ < patience;
  const bool silent = !pool_alive || !port_alive;
  if (!silent) socket_->Send("WATCHDOG=1");
  if (silent && !silent_) {
    log::Error("this program hangs; its supervisor hears nothing from now on",
               {{"database_pool", pool_alive ? "gets on" : "hangs"},
                {"port", port_alive ? "answers" : "does not answer"}});
  }
  silent_ = silent;
}

}  // namespace quantfleet
