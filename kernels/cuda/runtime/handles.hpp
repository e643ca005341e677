// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <cuda_runtime_api.h>

#include "base/status.hpp"
#include "kernels/cuda/runtime/error.hpp"

namespace quantfleet::cuda {

struct StreamDeleter {
  void operator()(cudaStream_t stream) const { cudaStreamDestroy(stream); }
};
struct EventDeleter {
  void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
struct DeviceMemoryDeleter {
  void operator()(std::byte* memory) const { cudaFree(memory); }
};
struct PinnedMemoryDeleter {
  void operator()(std::byte* memory) const { cudaFreeHost(memory); }
};

using Stream = std::unique_ptr<CUstream_st, StreamDeleter>;
using Event = std::unique_ptr<CUevent_st, EventDeleter>;
using DeviceMemory = std::unique_ptr<std::byte, DeviceMemoryDeleter>;
using PinnedMemory = std::unique_ptr<std::byte, PinnedMemoryDeleter>;

// A stream that does not wait for the default stream.
inline Result<Stream> MakeStream() {
  cudaStream_t stream = nullptr;
  QF_RETURN_IF_CUDA_ERROR(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

// An event that takes the time.
inline Result<Event> MakeEvent() {
  cudaEvent_t event = nullptr;
  QF_RETURN_IF_CUDA_ERROR(cudaEventCreate(&event));
  return Event(event);
}

// Uninitialised device memory, aligned to 256 bytes (CUDA C++ Programming Guide, "Device Memory
// Accesses"). kResourceExhausted if there is not enough.
inline Result<DeviceMemory> AllocateDevice(uint64_t bytes) {
  void* memory = nullptr;
  QF_RETURN_IF_CUDA_ERROR(cudaMalloc(&memory, bytes));
  return DeviceMemory(static_cast<std::byte*>(memory));
}

// Host memory that the device can read and write in place.
inline Result<PinnedMemory> AllocatePinned(uint64_t bytes) {
  void* memory = nullptr;
  QF_RETURN_IF_CUDA_ERROR(cudaHostAlloc(&memory, bytes, cudaHostAllocMapped));
  return PinnedMemory(static_cast<std::byte*>(memory));
}

// Seconds between two events that have both happened.
inline Result<double> SecondsBetween(const Event& begin, const Event& end) {
  float milliseconds = 0;
  QF_RETURN_IF_CUDA_ERROR(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()));
  return static_cast<double>(milliseconds) * 1e-3;
}

}  // namespace quantfleet::cuda
