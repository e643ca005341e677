// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "coordinator/postgres/pool.hpp"

namespace quantfleet::rpc {

// Gathers calls while the database is busy with those before them, and serves all that have come
// at once: under load a commit is shared by many calls, and a lone call waits for nobody. A batch
// begins beside another only once it would be full: what a batch costs by itself is most of what
// small ones cost. Thread-safe.
template <typename Item>
class Batcher {
 public:
  // Serves a batch; every item is answered or passed on.
  using Serve = std::function<void(postgres::Connection&, std::vector<Item>)>;
  // Answers an item that the pool has no room for.
  using Refuse = std::function<void(Item)>;

  // `pool` outlives the object; at most `most_jobs` batches of `most_items` run at a time.
  Batcher(postgres::Pool* pool, size_t most_items, int most_jobs, Serve serve, Refuse refuse)
      : pool_(pool),
        most_items_(most_items),
        most_jobs_(most_jobs),
        serve_(std::move(serve)),
        refuse_(std::move(refuse)) {}
  // Waits for the batches under way.
  ~Batcher() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return jobs_ == 0; });
  }
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  void Add(Item item) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(item));
      if (jobs_ == most_jobs_ || (jobs_ > 0 && waiting_.size() < most_items_)) return;
      ++jobs_;
    }
    Post();
  }

 private:
  void Post() {
    if (pool_->Post([this](postgres::Connection& db) { Run(db); })) return;
    {
      const std::lock_guard lock(mutex_);
      // Those that run take what waits.
      if (jobs_ > 1) {
        --jobs_;
        return;
      }
    }
    for (Item& item : TakeOrStop(static_cast<size_t>(-1))) refuse_(std::move(item));
    EndIfIdle();
  }

  // One batch a job, so that other calls get their turn on the pool.
  void Run(postgres::Connection& db) {
    std::vector<Item> batch = TakeOrStop(most_items_);
    if (!batch.empty()) serve_(db, std::move(batch));
    EndIfIdle();
  }

  std::vector<Item> TakeOrStop(size_t at_most) {
    const std::lock_guard lock(mutex_);
    const auto end =
        waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(at_most, waiting_.size()));
    std::vector<Item> batch(std::make_move_iterator(waiting_.begin()),
                            std::make_move_iterator(end));
    waiting_.erase(waiting_.begin(), end);
    return batch;
  }

  void EndIfIdle() {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        --jobs_;
        // Under the lock: who waits for it may destroy the object next.
        idle_.notify_all();
        return;
      }
    }
    Post();
  }

  postgres::Pool* const pool_;
  const size_t most_items_;
  const int most_jobs_;
  const Serve serve_;
  const Refuse refuse_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<Item> waiting_;
  int jobs_ = 0;
};

}  // namespace quantfleet::rpc
