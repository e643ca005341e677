// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

// Starts the kernels that hold the device back or probe it; bodies in probes.cu. Each returns the
// launch's error and does not wait.
namespace quantfleet::cuda {

// Shared by host and device, in mapped pinned memory.
struct GateState {
  // Set by the host: 1 lets the device through.
  volatile uint32_t open;
  // Set by the device: 1 if it went on without the host's leave, after kGatePatienceNanoseconds.
  volatile uint32_t timed_out;
};
inline constexpr uint64_t kGatePatienceNanoseconds = 1'000'000'000;

// Does nothing.
cudaError_t LaunchEmpty(cudaStream_t stream);
// Keeps the stream waiting until the gate opens, so that what is queued behind it runs without
// gaps.
cudaError_t LaunchGate(GateState* device_view, cudaStream_t stream);
// Reads `bytes` (a multiple of 16) from `from` `passes` times with `blocks` blocks. What was read
// decides whether a word of `sink` (blocks * 4 bytes) is written, so that no read can be dropped.
cudaError_t LaunchRead(const std::byte* from, uint64_t bytes, uint32_t passes, uint32_t blocks,
                       uint32_t* sink, cudaStream_t stream);
// Fills `bytes` (a multiple of 4) with pseudo-random bits that are, as bf16, fp16 or fp32, finite
// numbers of magnitude below 2 and never all zero: power, and so clocks, depend on the operands.
cudaError_t LaunchFill(std::byte* to, uint64_t bytes, uint32_t seed, cudaStream_t stream);

}  // namespace quantfleet::cuda
