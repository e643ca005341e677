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

void PinTo(pthread_t thread, uint32_t processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  (void)pthread_setaffinity_np(thread, sizeof(one), &one);  // A hint: refusal changes nothing.
}

}  // namespace

ThreadPool::ThreadPool(uint32_t threads) {
  QF_CHECK(threads >= 1);
  CPU_ZERO(&allowed_);
  CPU_ZERO(&free_);
  if (sched_getaffinity(0, sizeof(allowed_), &allowed_) != 0) CPU_ZERO(&allowed_);
  std::vector<uint32_t> processors;
  for (uint32_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed_)) processors.push_back(cpu);
  }
  free_ = allowed_;
  for (uint32_t i = 1; i < threads; ++i) {
    workers_.emplace_back([this, i] { Loop(i); });
    // The first processor is the caller's.
    if (i >= processors.size()) continue;
    PinTo(workers_.back().native_handle(), processors[i]);
    CPU_CLR(processors[i], &free_);
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  generation_.fetch_add(1);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::StepAside() const {
  const int cpu = sched_getcpu();
  if (cpu < 0 || CPU_ISSET(static_cast<size_t>(cpu), &free_) || CPU_COUNT(&free_) == 0) return;
  // The processor is left at once; afterwards the caller may be wherever it could be before.
  if (sched_setaffinity(0, sizeof(free_), &free_) != 0) return;
  (void)sched_setaffinity(0, sizeof(allowed_), &allowed_);
}

void ThreadPool::RunErased(Trampoline trampoline, void* work) {
  if (workers_.empty()) return trampoline(work, 0);
  StepAside();
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
