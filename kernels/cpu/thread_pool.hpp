// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <type_traits>
#include <vector>

#include <sched.h>

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
  // Moves the caller off a processor that a worker is pinned to. The kernel wakes the caller where
  // the worker that ended last runs; if it stayed there, each call would wait for the other thread
  // twice over, and nobody would part the two, since one of them always sleeps.
  void StepAside() const;

  std::atomic<uint32_t> generation_{0};
  std::atomic<uint32_t> unfinished_{0};
  std::atomic<bool> stopping_{false};
  Trampoline trampoline_ = nullptr;
  void* work_ = nullptr;
  // Processors that the caller may use, and those of them without a worker.
  cpu_set_t allowed_;
  cpu_set_t free_;
  std::vector<std::thread> workers_;
};

}  // namespace quantfleet::cpu
