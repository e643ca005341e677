// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/pool.hpp"

#include <future>
#include <utility>

namespace quantfleet::postgres {

Pool::Pool(const std::string& conninfo, int threads, size_t max_queued, Watch watch)
    : max_queued_(max_queued), watch_(std::move(watch)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this, conninfo] { Work(conninfo); });
}

Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool Pool::Post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && queue_.size() < max_queued_) {
      queue_.push_back({std::move(job), Clock::Steady()->Now()});
      wake_.notify_one();
      return true;
    }
  }
  if (watch_.refused) watch_.refused();
  return false;
}

Status Pool::RunAndWait(const std::function<Status(Connection&)>& job) {
  std::promise<Status> done;
  std::future<Status> status = done.get_future();
  if (!Post([&](Connection& db) { done.set_value(job(db)); })) {
    return Unavailable("too many requests wait for the database");
  }
  return status.get();
}

size_t Pool::Queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Pool::Work(std::string conninfo) {
  Connection connection(std::move(conninfo));
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const Waiting next = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    ++started_;
    if (watch_.started) watch_.started(Clock::Steady()->Now() - next.since);
    next.job(connection);
    ++finished_;
    lock.lock();
  }
}

}  // namespace quantfleet::postgres
