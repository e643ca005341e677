// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/probe/probe.hpp"

#include <fstream>
#include <utility>

#include <sys/utsname.h>

#include "base/digest.hpp"

namespace quantfleet::agent {
namespace {

constexpr std::string_view kSalt = "quantfleet host identity 1:";

Result<v1::Description> Describe(const EngineOptions& options) {
  QF_ASSIGN_OR_RETURN(const auto engine, EngineProcess::Start(options));
  return engine->Describe();
}

}  // namespace

std::string HostName() {
  utsname names{};
  return uname(&names) == 0 ? names.nodename : "unknown";
}

std::string HostId() {
  std::ifstream file("/etc/machine-id");
  std::string machine;
  if (!(file >> machine)) machine = HostName();
  return Sha256Hex(std::string(kSalt) + machine);
}

bool HasNvidiaDriver() {
  return std::ifstream("/proc/driver/nvidia/version").good();
}

Result<DeviceChoice> ParseDeviceChoice(const std::string& text) {
  if (text == "cpu") return DeviceChoice::kCpu;
  if (text == "cuda") return DeviceChoice::kCuda;
  if (text == "all") return DeviceChoice::kAll;
  return InvalidArgument("devices are \"cpu\", \"cuda\" or \"all\", not \"" + text + "\"");
}

Result<std::vector<ProbedDevice>> ProbeDevices(const std::string& engine_program,
                                               DeviceChoice choice,
                                               const std::vector<uint32_t>& cpu_threads) {
  std::vector<ProbedDevice> found;
  if (choice != DeviceChoice::kCuda) {
    for (const uint32_t threads : cpu_threads) {
      const EngineOptions options{engine_program, "cpu", threads};
      QF_ASSIGN_OR_RETURN(const v1::Description description, Describe(options));
      for (const auto& described : description.devices()) {
        found.push_back({options, described.device()});
      }
    }
  }
  if (choice != DeviceChoice::kCpu) {
    QF_ASSIGN_OR_RETURN(const v1::Description description, Describe({engine_program, "", 0}));
    for (const auto& described : description.devices()) {
      const v1::Device& device = described.device();
      if (device.kind() != v1::DEVICE_KIND_CUDA) continue;
      found.push_back({{engine_program, device.selector(), 0}, device});
    }
  }
  if (found.empty()) {
    return NotFound(HasNvidiaDriver() ? kNoGpuFound : "this host has no such device");
  }
  return found;
}

}  // namespace quantfleet::agent
