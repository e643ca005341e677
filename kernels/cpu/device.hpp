// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/cpu/host_facts.hpp"
#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/powercap.hpp"
#include "kernels/cpu/thread_pool.hpp"
#include "kernels/engine/backend.hpp"
#include "kernels/engine/device.hpp"

namespace quantfleet::cpu {

// The host's processor with a number of threads, the caller's included.
class CpuDevice final : public engine::Device {
 public:
  explicit CpuDevice(uint32_t threads);

  ThreadPool& pool() { return pool_; }

  const engine::DeviceInfo& info() const override { return info_; }
  engine::Fingerprint TakeFingerprint() const override;
  Result<std::unique_ptr<engine::DeviceBuffer>> Allocate(uint64_t bytes) override;
  Status Upload(engine::DeviceBuffer& to, uint64_t offset,
                std::span<const std::byte> from) override;
  Status Download(engine::DeviceBuffer& from, uint64_t offset, std::span<std::byte> to) override;
  Status Copy(engine::DeviceBuffer& buffer, uint64_t to, uint64_t from, uint64_t bytes) override;
  // 4 x the last-level cache, at least 128 MiB. Less than the 512 MiB asked of a GPU: a CPU's cache
  // is no victim of other kernels' prefetch, four times its size leaves at most a quarter of a copy
  // behind under any replacement, and filling 512 MiB for every format of every shape would take
  // longer than the samples.
  uint64_t cold_span_bytes() const override;
  uint64_t weight_cache_bytes() const override;
  Status Sample(engine::PreparedArm& arm, uint32_t first_copy,
                std::span<engine::CallTime> times) override;
  Status Synchronize() override { return OkStatus(); }
  engine::ClockReading ReadClock() override;
  engine::EnergyReading ReadEnergy() override;
  Result<engine::Ceilings> Calibrate(Duration at_most, std::stop_token stop) override;

 private:
  HostFacts facts_;
  ThreadPool pool_;
  MemoryPool memory_;
  engine::DeviceInfo info_;
  Powercap powercap_;
  double fastest_clock_ = 0;
};

// The backend with the one selector "cpu". `threads` 0 takes every processor of the process.
std::unique_ptr<engine::Backend> MakeCpuBackend(uint32_t threads);

}  // namespace quantfleet::cpu
