// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/timing/sampler.hpp"

#include <algorithm>
#include <atomic>
#include <new>

namespace quantfleet::cuda {

Result<std::unique_ptr<Sampler>> Sampler::Make(cudaStream_t stream) {
  std::unique_ptr<Sampler> sampler(new Sampler(stream));
  for (size_t i = 0; i < kGroup; ++i) {
    QF_ASSIGN_OR_RETURN(Event begin, MakeEvent());
    QF_ASSIGN_OR_RETURN(Event end, MakeEvent());
    sampler->begins_.push_back(std::move(begin));
    sampler->ends_.push_back(std::move(end));
  }
  QF_ASSIGN_OR_RETURN(sampler->gate_memory_, AllocatePinned(sizeof(GateState)));
  sampler->gate_ = new (sampler->gate_memory_.get()) GateState{};
  void* on_device = nullptr;
  QF_RETURN_IF_CUDA_ERROR(cudaHostGetDevicePointer(&on_device, sampler->gate_, 0));
  sampler->gate_on_device_ = static_cast<GateState*>(on_device);
  return sampler;
}

Status Sampler::Sample(const Start& start, uint32_t first_copy, uint32_t copies,
                       std::span<engine::CallTime> times) {
  for (size_t done = 0; done < times.size();) {
    const auto group = times.subspan(done, std::min(kGroup, times.size() - done));
    const auto offset = static_cast<uint32_t>((first_copy + done) % copies);
    const bool was_gated = gated_;
    QF_RETURN_IF_ERROR(SampleGroup(start, offset, copies, group));
    // A group whose gate was not opened in time is measured again, without one.
    if (gated_ == was_gated) done += group.size();
  }
  return OkStatus();
}

Status Sampler::SampleGroup(const Start& start, uint32_t first_copy, uint32_t copies,
                            std::span<engine::CallTime> times) {
  // Half the rotation away, so that no timed call finds its weights in the cache. This call also
  // loads what the driver loads late: behind a closed gate that could wait for ever.
  QF_ASSIGN_OR_RETURN(const double host_seconds,
                      TimeAtHost(start, (first_copy + copies / 2) % copies));
  if (gated_) {
    gate_->open = 0;
    gate_->timed_out = 0;
    QF_RETURN_IF_CUDA_ERROR(LaunchGate(gate_on_device_, stream_));
  }
  QF_RETURN_IF_ERROR(Release(Queue(start, first_copy, copies, times.size())));
  if (gated_ && gate_->timed_out != 0) {
    gated_ = false;
    return OkStatus();
  }
  for (size_t i = 0; i < times.size(); ++i) {
    QF_ASSIGN_OR_RETURN(times[i].device_seconds, SecondsBetween(begins_[i], ends_[i]));
    times[i].host_seconds = host_seconds;
  }
  return OkStatus();
}

Result<double> Sampler::TimeAtHost(const Start& start, uint32_t copy) {
  QF_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(stream_));
  const Duration begin = clock_->Now();
  QF_RETURN_IF_ERROR(start(copy));
  QF_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(stream_));
  return ToSeconds(clock_->Now() - begin);
}

Status Sampler::Queue(const Start& start, uint32_t first_copy, uint32_t copies, size_t calls) {
  for (size_t i = 0; i < calls; ++i) {
    QF_RETURN_IF_CUDA_ERROR(cudaEventRecord(begins_[i].get(), stream_));
    QF_RETURN_IF_ERROR(start(static_cast<uint32_t>((first_copy + i) % copies)));
    QF_RETURN_IF_CUDA_ERROR(cudaEventRecord(ends_[i].get(), stream_));
  }
  return OkStatus();
}

Status Sampler::Release(const Status& queued) {
  gate_->open = 1;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  const Status finished = QF_CUDA_STATUS(cudaStreamSynchronize(stream_));
  return queued.ok() ? finished : queued;
}

}  // namespace quantfleet::cuda
