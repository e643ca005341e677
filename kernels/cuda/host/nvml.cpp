// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/host/nvml.hpp"

#include <array>

#include <dlfcn.h>

namespace quantfleet::cuda {
namespace {

constexpr int kSuccess = 0;
constexpr int kInsufficientSize = 7;  // NVML_ERROR_INSUFFICIENT_SIZE
constexpr int kClockSm = 1;           // NVML_CLOCK_SM
constexpr int kClockMemory = 2;       // NVML_CLOCK_MEM
constexpr unsigned kEnabled = 1;      // NVML_FEATURE_ENABLED

// nvmlClocksEventReason bits that mean the card is held back.
constexpr uint64_t kSwPowerCap = 0x4;
constexpr uint64_t kHwSlowdown = 0x8;
constexpr uint64_t kSwThermalSlowdown = 0x20;
constexpr uint64_t kHwThermalSlowdown = 0x40;
constexpr uint64_t kHwPowerBrake = 0x80;

template <typename Function>
void Load(void* library, const char* name, Function** function) {
  *function = reinterpret_cast<Function*>(dlsym(library, name));
}

std::string LastLoaderError() {
  const char* message = dlerror();
  return message == nullptr ? "unknown loader error" : message;
}

}  // namespace

bool IsThrottled(uint64_t reasons) {
  return (reasons & (kSwPowerCap | kHwSlowdown | kSwThermalSlowdown | kHwThermalSlowdown |
                     kHwPowerBrake)) != 0;
}

// nvmlUtilization_t. Percent.
struct Utilization {
  unsigned gpu;
  unsigned memory;
};

// nvmlDevice_t is a pointer to an opaque struct and every enumeration an int.
struct Nvml::Functions {
  int (*init)();
  int (*shutdown)();
  const char* (*error_string)(int);
  int (*handle_by_pci)(const char*, void**);
  int (*driver_version)(char*, unsigned);
  int (*clock)(void*, int, unsigned*);
  int (*max_clock)(void*, int, unsigned*);
  int (*power_limit)(void*, unsigned*);
  int (*pcie_generation)(void*, unsigned*);
  int (*pcie_width)(void*, unsigned*);
  int (*persistence)(void*, unsigned*);
  int (*ecc)(void*, unsigned*, unsigned*);
  int (*throttle_reasons)(void*, unsigned long long*);
  int (*processes)(void*, unsigned*, void*);
  int (*energy)(void*, unsigned long long*);
  int (*utilization)(void*, Utilization*);
};

Nvml::Nvml(void* library, std::unique_ptr<Functions> functions)
    : library_(library), functions_(std::move(functions)) {}

Nvml::~Nvml() {
  if (initialised_) functions_->shutdown();
  dlclose(library_);
}

Result<std::unique_ptr<Nvml>> Nvml::Open(const std::string& library,
                                         const std::string& pci_bus_id) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Unavailable("NVML: " + LastLoaderError());
  auto table = std::make_unique<Functions>();
  Load(handle, "nvmlInit_v2", &table->init);
  Load(handle, "nvmlShutdown", &table->shutdown);
  Load(handle, "nvmlErrorString", &table->error_string);
  Load(handle, "nvmlDeviceGetHandleByPciBusId_v2", &table->handle_by_pci);
  Load(handle, "nvmlSystemGetDriverVersion", &table->driver_version);
  Load(handle, "nvmlDeviceGetClockInfo", &table->clock);
  Load(handle, "nvmlDeviceGetMaxClockInfo", &table->max_clock);
  Load(handle, "nvmlDeviceGetEnforcedPowerLimit", &table->power_limit);
  Load(handle, "nvmlDeviceGetCurrPcieLinkGeneration", &table->pcie_generation);
  Load(handle, "nvmlDeviceGetCurrPcieLinkWidth", &table->pcie_width);
  Load(handle, "nvmlDeviceGetPersistenceMode", &table->persistence);
  Load(handle, "nvmlDeviceGetEccMode", &table->ecc);
  // Drivers before 535 know the older name only.
  Load(handle, "nvmlDeviceGetCurrentClocksEventReasons", &table->throttle_reasons);
  if (table->throttle_reasons == nullptr) {
    Load(handle, "nvmlDeviceGetCurrentClocksThrottleReasons", &table->throttle_reasons);
  }
  Load(handle, "nvmlDeviceGetComputeRunningProcesses_v3", &table->processes);
  Load(handle, "nvmlDeviceGetTotalEnergyConsumption", &table->energy);
  Load(handle, "nvmlDeviceGetUtilizationRates", &table->utilization);

  std::unique_ptr<Nvml> nvml(new Nvml(handle, std::move(table)));
  const Functions& functions = *nvml->functions_;
  if (functions.init == nullptr || functions.shutdown == nullptr ||
      functions.error_string == nullptr || functions.handle_by_pci == nullptr) {
    return Unavailable("NVML: " + library + " lacks a function that every version has");
  }
  if (const int code = functions.init(); code != kSuccess) {
    return Unavailable(std::string("NVML: ") + functions.error_string(code));
  }
  nvml->initialised_ = true;
  if (const int code = functions.handle_by_pci(pci_bus_id.c_str(), &nvml->device_);
      code != kSuccess) {
    return Unavailable("NVML: no device " + pci_bus_id + ": " + functions.error_string(code));
  }
  return nvml;
}

std::optional<uint32_t> Nvml::ReadNumber(int (*function)(void*, unsigned*)) const {
  unsigned value = 0;
  if (function == nullptr || function(device_, &value) != kSuccess) return std::nullopt;
  return value;
}

std::optional<uint32_t> Nvml::ReadClockOf(int (*function)(void*, int, unsigned*),
                                          int domain) const {
  unsigned value = 0;
  if (function == nullptr || function(device_, domain, &value) != kSuccess) return std::nullopt;
  return value;
}

EnergyState Nvml::ReadEnergy() const {
  EnergyState state;
  unsigned long long millijoules = 0;
  if (functions_->energy != nullptr && functions_->energy(device_, &millijoules) == kSuccess) {
    state.millijoules = millijoules;
  }
  Utilization rates{};
  if (functions_->utilization != nullptr && functions_->utilization(device_, &rates) == kSuccess) {
    state.gpu_percent = rates.gpu;
    state.memory_percent = rates.memory;
  }
  return state;
}

GpuState Nvml::ReadState() const {
  GpuState state;
  std::array<char, 96> version{};
  if (functions_->driver_version != nullptr &&
      functions_->driver_version(version.data(), version.size() - 1) == kSuccess) {
    state.driver_version = version.data();
  }
  state.sm_clock_mhz = ReadClockOf(functions_->clock, kClockSm);
  state.memory_clock_mhz = ReadClockOf(functions_->clock, kClockMemory);
  state.max_sm_clock_mhz = ReadClockOf(functions_->max_clock, kClockSm);
  state.max_memory_clock_mhz = ReadClockOf(functions_->max_clock, kClockMemory);
  state.power_limit_milliwatt = ReadNumber(functions_->power_limit);
  state.pcie_generation = ReadNumber(functions_->pcie_generation);
  state.pcie_width = ReadNumber(functions_->pcie_width);
  if (const auto mode = ReadNumber(functions_->persistence)) state.persistence = *mode == kEnabled;
  unsigned current = 0;
  unsigned pending = 0;
  if (functions_->ecc != nullptr && functions_->ecc(device_, &current, &pending) == kSuccess) {
    state.ecc = current == kEnabled;
  }
  return state;
}

ClockState Nvml::ReadClock() const {
  ClockState state;
  state.sm_clock_mhz = ReadClockOf(functions_->clock, kClockSm);
  unsigned long long reasons = 0;
  if (functions_->throttle_reasons != nullptr &&
      functions_->throttle_reasons(device_, &reasons) == kSuccess) {
    state.throttled = IsThrottled(reasons);
  }
  return state;
}

bool Nvml::HasForeignProcess() const {
  // Asked for no entries, NVML fills in how many there are and says that they do not fit.
  unsigned count = 0;
  return functions_->processes != nullptr &&
         functions_->processes(device_, &count, nullptr) == kInsufficientSize && count > 1;
}

}  // namespace quantfleet::cuda
