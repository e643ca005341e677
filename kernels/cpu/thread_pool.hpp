// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

namespace quantfleet::cpu {

// A few threads that stay, so that a call of some microseconds can use them all. Between calls they
// spin for a moment, then sleep in the kernel: an idle pool costs nothing. One thread at a time
// calls Run.
class ThreadPool {
 public:
  // `threads` >= 1, the caller of Run included: threads - 1 are started, each pinned to a processor
  // that the process may use (left unpinned where that is refused).
  explicit ThreadPool(uint32_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  uint32_t threads() const { return static_cast<uint32_t>(workers_.size()) + 1; }

  // Calls work(0) ... work(threads() - 1), each on its own thread, work(0) on the caller's; returns
  // when all have. `work` does not throw.
  template <class Work>
  void Run(Work&& work) {
    RunErased(
        [](void* erased, uint32_t thread) {
          (*static_cast<std::remove_reference_t<Work>*>(erased))(thread);
        },
        &work);
  }

 private:
  using Trampoline = void (*)(void*, uint32_t);
  void RunErased(Trampoline trampoline, void* work);
  void Loop(uint32_t thread);

  std::atomic<uint32_t> generation_{0};
  std::atomic<uint32_t> unfinished_{0};
  std::atomic<bool> stopping_{false};
  Trampoline trampoline_ = nullptr;
  void* work_ = nullptr;
  std::vector<std::thread> workers_;
};

}  // namespace quantfleet::cpu
