// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "kernels/cuda/runtime/handles.hpp"
#include "kernels/cuda/timing/probes.hpp"
#include "kernels/engine/device.hpp"

namespace quantfleet::cuda {

// Times calls on one stream. Calls are queued in groups behind a gate, each between two events, and
// let through together: what an event pair sees is the device's work and not the host's launch gap.
// The host time is taken on one call a group that runs alone, from the request until its end was
// seen, and stands for the whole group. Not thread-safe.
class Sampler {
 public:
  // Starts call `copy` on the stream.
  using Start = std::function<Status(uint32_t copy)>;

  static Result<std::unique_ptr<Sampler>> Make(cudaStream_t stream);

  // Takes times.size() samples on copies (first_copy + i) modulo `copies`.
  Status Sample(const Start& start, uint32_t first_copy, uint32_t copies,
                std::span<engine::CallTime> times);

  // False once a gate was not opened in time (launches block: a debugger, CUDA_LAUNCH_BLOCKING,
  // compute-sanitizer). From then on calls run without a gate and device times contain launch gaps.
  bool gated() const { return gated_; }

 private:
  static constexpr size_t kGroup = 16;

  explicit Sampler(cudaStream_t stream) : stream_(stream) {}
  Status SampleGroup(const Start& start, uint32_t first_copy, uint32_t copies,
                     std::span<engine::CallTime> times);
  Result<double> TimeAtHost(const Start& start, uint32_t copy);
  Status Queue(const Start& start, uint32_t first_copy, uint32_t copies, size_t calls);
  // Lets the queue run and waits for it, whatever `queued` says.
  Status Release(const Status& queued);

  cudaStream_t stream_;
  Clock* clock_ = Clock::Steady();
  std::vector<Event> begins_;
  std::vector<Event> ends_;
  PinnedMemory gate_memory_;
  GateState* gate_ = nullptr;
  GateState* gate_on_device_ = nullptr;
  bool gated_ = true;
};

}  // namespace quantfleet::cuda
