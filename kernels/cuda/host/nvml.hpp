// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.hpp"

namespace quantfleet::cuda {

// What NVML says of a device now. A value it does not give (GeForce, containers, old drivers) is
// absent.
struct GpuState {
  std::optional<std::string> driver_version;
  std::optional<uint32_t> sm_clock_mhz;
  std::optional<uint32_t> memory_clock_mhz;
  std::optional<uint32_t> max_sm_clock_mhz;
  std::optional<uint32_t> max_memory_clock_mhz;
  std::optional<uint32_t> power_limit_milliwatt;  // enforced, the lowest of all limits
  std::optional<uint32_t> pcie_generation;        // of the link now; lower when idle
  std::optional<uint32_t> pcie_width;             // lanes
  std::optional<bool> ecc;
  std::optional<bool> persistence;
};

// What can be asked around every sample.
struct ClockState {
  std::optional<uint32_t> sm_clock_mhz;
  bool throttled = false;  // see IsThrottled
};

// See engine::EnergyReading.
struct EnergyState {
  std::optional<uint64_t> millijoules;  // since the driver was loaded; Volta and later
  std::optional<uint32_t> gpu_percent;
  std::optional<uint32_t> memory_percent;
};

// True if power, heat or a hardware brake holds the clock down. A clock that its owner locked is
// not counted: it is steady, and the fingerprint shows it. Bits: nvml.h, nvmlClocksEventReasons.
bool IsThrottled(uint64_t reasons);

// NVIDIA's management library, opened at run time: the engine builds without its header and runs
// without the library. Signatures: NVML API Reference Guide (docs.nvidia.com/deploy/nvml-api). Not
// thread-safe.
class Nvml {
 public:
  static constexpr const char* kDefaultLibrary = "libnvidia-ml.so.1";

  // kUnavailable, with the loader's or NVML's words, if the library, a function that every version
  // has, or the device is missing. `pci_bus_id` as cudaDeviceGetPCIBusId writes it.
  static Result<std::unique_ptr<Nvml>> Open(const std::string& library,
                                            const std::string& pci_bus_id);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  GpuState ReadState() const;
  // Two calls into the driver; tens of microseconds.
  ClockState ReadClock() const;
  EnergyState ReadEnergy() const;
  // True if more than one process computes on the device. Slower: not for every sample.
  bool HasForeignProcess() const;

 private:
  struct Functions;
  Nvml(void* library, std::unique_ptr<Functions> functions);
  // nullopt if the function is missing or answers with an error.
  std::optional<uint32_t> ReadNumber(int (*function)(void*, unsigned*)) const;
  std::optional<uint32_t> ReadClockOf(int (*function)(void*, int, unsigned*), int domain) const;

  void* library_;
  std::unique_ptr<Functions> functions_;
  void* device_ = nullptr;
  bool initialised_ = false;
};

}  // namespace quantfleet::cuda
