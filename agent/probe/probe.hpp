// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/executor/engine_process.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/device.pb.h"

namespace quantfleet::agent {

// Identity of this host, stable over restarts: the SHA-256 of a fixed salt and /etc/machine-id,
// which machine-id(5) asks not to show itself; without one, of the host's name.
std::string HostId();
// Name of this host as uname(2) gives it.
std::string HostName();

// True if this host has an NVIDIA driver loaded.
bool HasNvidiaDriver();
// What to tell when it has, and the engine finds no GPU.
inline constexpr const char* kNoGpuFound =
    "this host has an NVIDIA driver, but the engine finds no GPU: it was built without CUDA "
    "(QUANTFLEET_CUDA=ON), or the driver is older than its CUDA";

// Which devices an agent serves.
enum class DeviceChoice { kCpu, kCuda, kAll };
// "cpu", "cuda" or "all". kInvalidArgument.
Result<DeviceChoice> ParseDeviceChoice(const std::string& text);

// A device and how to start an engine on it.
struct ProbedDevice {
  EngineOptions engine;
  v1::Device device;
};

// The devices of this host that `engine_program` can use: the GPUs, and the CPU once for each of
// `cpu_threads` (0: what the engine takes by itself). kNotFound if there is none; otherwise the
// engine's error.
Result<std::vector<ProbedDevice>> ProbeDevices(const std::string& engine_program,
                                               DeviceChoice choice,
                                               const std::vector<uint32_t>& cpu_threads);

}  // namespace quantfleet::agent
