// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <cuda_runtime_api.h>

#include "kernels/cuda/host/fingerprint.hpp"
#include "kernels/cuda/host/naming.hpp"
#include "kernels/cuda/host/nvml.hpp"
#include "kernels/cuda/runtime/handles.hpp"
#include "kernels/cuda/runtime/lt_matmul.hpp"
#include "kernels/cuda/timing/sampler.hpp"
#include "kernels/engine/device.hpp"

namespace quantfleet::cuda {

// One GPU behind the engine's port. All work goes to one stream. Every call makes the GPU the
// calling thread's current device, and leaves it so for the kernels that the thread starts. NVML
// gives clocks and state where it is there; without it they are absent and clocks read 0.
class CudaDevice final : public engine::Device {
 public:
  // `index` as the runtime counts. kInternal if the driver refuses.
  static Result<std::unique_ptr<CudaDevice>> Open(int index);

  const engine::DeviceInfo& info() const override { return info_; }
  engine::Fingerprint TakeFingerprint() const override;

  Result<std::unique_ptr<engine::DeviceBuffer>> Allocate(uint64_t bytes) override;
  Status Upload(engine::DeviceBuffer& to, uint64_t offset,
                std::span<const std::byte> from) override;
  Status Download(engine::DeviceBuffer& from, uint64_t offset, std::span<std::byte> to) override;
  Status Copy(engine::DeviceBuffer& buffer, uint64_t to, uint64_t from, uint64_t bytes) override;

  uint64_t cold_span_bytes() const override;
  uint64_t weight_cache_bytes() const override;

  Status Sample(engine::PreparedArm& arm, uint32_t first_copy,
                std::span<engine::CallTime> times) override;
  Status Synchronize() override;
  engine::ClockReading ReadClock() override;
  engine::EnergyReading ReadEnergy() override;
  Result<engine::Ceilings> Calibrate(Duration at_most, std::stop_token stop) override;

  cudaStream_t stream() const { return stream_.get(); }
  LtMatmul* matmul() const { return matmul_.get(); }
  Capability capability() const { return capability_; }
  uint32_t multiprocessors() const { return static_cast<uint32_t>(multiprocessors_); }

 private:
  explicit CudaDevice(int index) : index_(index) {}
  Status MakeCurrent() const;
  Status Describe();
  void OpenNvml();
  // Loads the device until its clock has risen and takes that clock as the reference.
  Status RaiseClock();

  int index_;
  engine::DeviceInfo info_;
  Capability capability_;
  int multiprocessors_ = 0;
  SoftwareVersions versions_;
  Stream stream_;
  std::unique_ptr<LtMatmul> matmul_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<Nvml> nvml_;
  double reference_hertz_ = 0;
  bool foreign_process_ = false;
  Duration next_process_check_{0};
};

}  // namespace quantfleet::cuda
