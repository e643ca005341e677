// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// How calls are gathered, over a real pool_->
#include "coordinator/rpc/batcher.hpp"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/blocks.hpp"

namespace quantfleet::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Serves numbers, each batch when it is told to.
class BatcherTest : public ::testing::Test {
 protected:
  static constexpr size_t kMostItems = 4;
  static constexpr int kMostJobs = 2;
  static constexpr int kItems = 1000;

  ~BatcherTest() override {
    LetGo(kItems);
    batcher_.reset();
  }
  void Start(int threads, size_t most_queued) {
    pool_ = std::make_unique<postgres::Pool>(conninfo_, threads, most_queued);
    batcher_ = std::make_unique<Batcher<int>>(
        pool_.get(), kMostItems, kMostJobs,
        [this](postgres::Connection&, std::vector<int> items) { Serve(std::move(items)); },
        [this](int item) { refused_.push_back(item); });
  }

  // Waits until so many batches were begun.
  std::vector<std::vector<int>> Begun(size_t batches) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_.size() >= batches; });
    return begun_;
  }
  // Lets so many more batches end.
  void LetGo(int batches) {
    const std::lock_guard lock(mutex_);
    allowed_ += batches;
    changed_.notify_all();
  }
  void Serve(std::vector<int> items) {
    std::unique_lock lock(mutex_);
    begun_.push_back(std::move(items));
    changed_.notify_all();
    changed_.wait(lock, [&] { return allowed_ > 0; });
    --allowed_;
  }

  const std::string conninfo_ = testing::NewDatabase();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<int>> begun_;
  int allowed_ = 0;
  std::vector<int> refused_;
  std::unique_ptr<postgres::Pool> pool_;
  std::unique_ptr<Batcher<int>> batcher_;
};

TEST_F(BatcherTest, ALoneCallWaitsForNobodyAndThoseBehindItGoTogether) {
  Start(3, 100);
  batcher_->Add(0);
  EXPECT_THAT(Begun(1), ElementsAre(ElementsAre(0)));
  for (int i = 1; i < 4; ++i) batcher_->Add(i);
  LetGo(1);
  EXPECT_THAT(Begun(2), ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3)));
}

TEST_F(BatcherTest, AnotherBatchBeginsBesideTheFirstOnceItIsFull) {
  Start(3, 100);
  batcher_->Add(0);
  Begun(1);
  for (int i = 1; i < 4; ++i) batcher_->Add(i);
  EXPECT_EQ(pool_->Started(), 1U) << "three are no full batch";
  batcher_->Add(4);
  EXPECT_THAT(Begun(2), ElementsAre(ElementsAre(0), ElementsAre(1, 2, 3, 4)));
  for (int i = 5; i < 15; ++i) batcher_->Add(i);
  EXPECT_EQ(pool_->Started(), 2U) << "no more than two at a time";
  LetGo(1);
  EXPECT_THAT(Begun(3).back(), ElementsAre(5, 6, 7, 8));
}

TEST_F(BatcherTest, NothingIsLeftBehindNorServedTwice) {
  Start(3, 100);
  LetGo(kItems);
  {
    for (int i = 0; i < kItems; ++i) batcher_->Add(i);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return std::accumulate(begun_.begin(), begun_.end(), size_t{0},
                             [](size_t sum, const auto& b) { return sum + b.size(); }) == kItems;
    });
  }
  std::vector<int> served;
  for (const auto& batch : begun_) {
    EXPECT_LE(batch.size(), kMostItems);
    served.insert(served.end(), batch.begin(), batch.end());
  }
  std::sort(served.begin(), served.end());
  std::vector<int> expected(kItems);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(served, expected);
}

TEST_F(BatcherTest, WhatThePoolHasNoRoomForWaitsForTheBatchUnderWay) {
  Start(1, 1);
  batcher_->Add(0);
  Begun(1);
  ASSERT_TRUE(pool_->Post([](postgres::Connection&) {})) << "takes the only place";
  for (int i = 1; i < 5; ++i) batcher_->Add(i);
  EXPECT_THAT(refused_, IsEmpty());
}

TEST_F(BatcherTest, WithoutOneItIsRefusedAndTheNextIsServed) {
  Start(1, 1);
  std::mutex busy;
  {
    const std::lock_guard until_refused(busy);
    ASSERT_TRUE(pool_->Post([&](postgres::Connection&) { const std::lock_guard wait(busy); }));
    while (pool_->Started() == 0) std::this_thread::yield();
    ASSERT_TRUE(pool_->Post([](postgres::Connection&) {})) << "takes the only place";
    batcher_->Add(0);
    EXPECT_THAT(refused_, ElementsAre(0));
  }
  while (pool_->Finished() < 2) std::this_thread::yield();
  batcher_->Add(1);
  EXPECT_THAT(Begun(1), ElementsAre(ElementsAre(1)));
  EXPECT_THAT(refused_, ElementsAre(0));
}

}  // namespace
}  // namespace quantfleet::rpc
