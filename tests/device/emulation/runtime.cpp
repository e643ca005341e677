// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// A CUDA runtime with one card, as much of it as kernels/cuda uses: one stream, which a thread
// works off in order, so that gates, events and asynchronous copies behave as on a GPU. Signatures
// are the toolkit's own headers'. EMULATED_CAPABILITY=75 makes the card a Turing.
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include <cuda_runtime_api.h>

#include "kernels/cuda/timing/probes.hpp"
#include "tests/device/emulation/queue.hpp"

namespace emulation {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr size_t kAlignment = 256;
constexpr size_t kMemory = size_t{2} << 30;

class Queue {
 public:
  Queue() : worker_([this] { Work(); }) {}
  ~Queue() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
  }

  void Add(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return tasks_.empty(); });
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      const std::function<void()> task = tasks_.front();
      lock.unlock();
      task();
      lock.lock();
      tasks_.pop_front();
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::jthread worker_;
};

Queue& TheQueue() {
  static Queue queue;
  return queue;
}

struct Event {
  SteadyClock::time_point time;
};
Event* EventOf(cudaEvent_t event) {
  return reinterpret_cast<Event*>(event);
}

thread_local cudaError_t last_error = cudaSuccess;

cudaError_t Remember(cudaError_t error) {
  last_error = error;
  return error;
}

void* Allocate(size_t bytes) {
  return ::operator new (bytes, std::align_val_t{kAlignment});
}
void Free(void* memory) {
  ::operator delete (memory, std::align_val_t{kAlignment});
}

}  // namespace

void Enqueue(std::function<void()> task) {
  TheQueue().Add(std::move(task));
}

}  // namespace emulation

using emulation::EventOf;
using emulation::Remember;
using emulation::TheQueue;

extern "C" {

cudaError_t cudaGetLastError() {
  return std::exchange(emulation::last_error, cudaSuccess);
}
cudaError_t cudaPeekAtLastError() {
  return emulation::last_error;
}
const char* cudaGetErrorName(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaError";
}
const char* cudaGetErrorString(cudaError_t) {
  return "emulated";
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int index) {
  return index == 0 ? cudaSuccess : Remember(cudaErrorInvalidDevice);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  const char* capability = std::getenv("EMULATED_CAPABILITY");
  const int number = capability == nullptr ? 80 : std::atoi(capability);
  std::strcpy(properties->name, "NVIDIA Emulated");
  properties->major = number / 10;
  properties->minor = number % 10;
  properties->multiProcessorCount = 2;
  properties->totalGlobalMem = emulation::kMemory;
  properties->l2CacheSize = 1 << 20;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* id, int, int) {
  std::strcpy(id, "0000:01:00.0");
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  if (bytes > emulation::kMemory) return Remember(cudaErrorMemoryAllocation);
  *memory = emulation::Allocate(bytes);
  return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  TheQueue().Wait();
  emulation::Free(memory);
  return cudaSuccess;
}
cudaError_t cudaHostAlloc(void** memory, size_t bytes, unsigned) {
  *memory = emulation::Allocate(bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  emulation::Free(memory);
  return cudaSuccess;
}
cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
  *device = host;
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = emulation::kMemory;
  // Little: calibration reads a part of what is free.
  *free = size_t{256} << 20;
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
  TheQueue().Add([=] { std::memcpy(to, from, bytes); });
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  static int the_stream;
  *stream = reinterpret_cast<cudaStream_t>(&the_stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) {
  TheQueue().Wait();
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  TheQueue().Wait();
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = reinterpret_cast<cudaEvent_t>(new emulation::Event());
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete EventOf(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  TheQueue().Add([=] { EventOf(event)->time = emulation::SteadyClock::now(); });
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  *milliseconds =
      std::chrono::duration<float, std::milli>(EventOf(end)->time - EventOf(begin)->time).count();
  return cudaSuccess;
}

}  // extern "C"

// The probes of kernels/cuda/timing/probes.cu.
namespace quantfleet::cuda {

cudaError_t LaunchEmpty(cudaStream_t) {
  emulation::Enqueue([] {});
  return cudaSuccess;
}
cudaError_t LaunchGate(GateState* gate, cudaStream_t) {
  emulation::Enqueue([=] {
    const auto begin = emulation::SteadyClock::now();
    while (gate->open == 0) {
      if (emulation::SteadyClock::now() - begin >
          std::chrono::nanoseconds(kGatePatienceNanoseconds)) {
        gate->timed_out = 1;
        return;
      }
      std::this_thread::yield();
    }
  });
  return cudaSuccess;
}
cudaError_t LaunchRead(const std::byte* from, uint64_t bytes, uint32_t passes, uint32_t blocks,
                       uint32_t* sink, cudaStream_t) {
  emulation::Enqueue([=] {
    // A page each: the rate is nobody's, but the range is touched.
    uint32_t mix = passes;
    for (uint64_t i = 0; i < bytes; i += 4096) mix ^= std::to_integer<uint32_t>(from[i]);
    for (uint32_t block = 0; block < blocks; ++block) sink[block] = mix;
  });
  return cudaSuccess;
}
cudaError_t LaunchFill(std::byte* to, uint64_t bytes, uint32_t seed, cudaStream_t) {
  emulation::Enqueue([=] { std::memset(to, static_cast<int>(seed & 0x3F), bytes); });
  return cudaSuccess;
}

}  // namespace quantfleet::cuda
