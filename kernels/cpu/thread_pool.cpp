// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/thread_pool.hpp"

#include <pthread.h>
#include <sched.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/status.hpp"

namespace quantfleet::cpu {
namespace {

// About 20 us on current processors: longer than the gap between two calls of a measurement,
// shorter than anyone notices.
constexpr int kSpins = 1000;

void Pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// The `index`-th processor this process may use, counted from the last: the first one gets most
// interrupts and belongs to the caller.
void PinTo(pthread_t thread, uint32_t index) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  uint32_t seen = 0;
  for (size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || seen++ != index) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    (void)pthread_setaffinity_np(thread, sizeof(one), &one);  // A hint: refusal changes nothing.
    return;
  }
}

}  // namespace

ThreadPool::ThreadPool(uint32_t threads) {
  QF_CHECK(threads >= 1);
  for (uint32_t i = 1; i < threads; ++i) {
    workers_.emplace_back([this, i] { Loop(i); });
    PinTo(workers_.back().native_handle(), i);
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  generation_.fetch_add(1);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::RunErased(Trampoline trampoline, void* work) {
  if (workers_.empty()) return trampoline(work, 0);
  trampoline_ = trampoline;
  work_ = work;
  unfinished_.store(static_cast<uint32_t>(workers_.size()));
  generation_.fetch_add(1);
  generation_.notify_all();
  trampoline(work, 0);
  int spins = 0;
  for (uint32_t left = unfinished_.load(); left != 0; left = unfinished_.load()) {
    if (++spins < kSpins) {
      Pause();
    } else {
      unfinished_.wait(left);
    }
  }
}

void ThreadPool::Loop(uint32_t thread) {
  uint32_t seen = 0;
  while (true) {
    for (int spins = 0; generation_.load() == seen && spins < kSpins; ++spins) Pause();
    generation_.wait(seen);
    ++seen;
    if (stopping_) return;
    trampoline_(work_, thread);
    if (unfinished_.fetch_sub(1) == 1) unfinished_.notify_one();
  }
}

}  // namespace quantfleet::cpu
