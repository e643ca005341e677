// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// A stand-in for libnvidia-ml.so.1: one card at 0000:01:00.0, without ECC, as a GeForce answers.
// Tests set the variables through dlsym.
#include <cstring>

extern "C" {

int fake_init_result = 0;
unsigned long long fake_throttle_reasons = 0;
unsigned fake_processes = 1;
int fake_open_sessions = 0;
unsigned long long fake_millijoules = 1234500;

namespace {
int device;
constexpr int kNotSupported = 3;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
}  // namespace

int nvmlInit_v2() {
  if (fake_init_result == 0) ++fake_open_sessions;
  return fake_init_result;
}
int nvmlShutdown() {
  --fake_open_sessions;
  return 0;
}
const char* nvmlErrorString(int code) {
  return code == kNotFound ? "Not Found" : "Driver Gone";
}
int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** handle) {
  if (std::strcmp(id, "0000:01:00.0") != 0) return kNotFound;
  *handle = &device;
  return 0;
}
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  std::strncpy(text, "580.159.04", length);
  return 0;
}
int nvmlDeviceGetClockInfo(void*, int domain, unsigned* megahertz) {
  *megahertz = domain == 1 ? 2520 : 10501;
  return 0;
}
int nvmlDeviceGetMaxClockInfo(void*, int domain, unsigned* megahertz) {
  *megahertz = domain == 1 ? 3105 : 10501;
  return 0;
}
int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned* milliwatt) {
  *milliwatt = 450000;
  return 0;
}
int nvmlDeviceGetCurrPcieLinkGeneration(void*, unsigned* generation) {
  *generation = 4;
  return 0;
}
int nvmlDeviceGetCurrPcieLinkWidth(void*, unsigned* width) {
  *width = 16;
  return 0;
}
int nvmlDeviceGetPersistenceMode(void*, unsigned* mode) {
  *mode = 1;
  return 0;
}
int nvmlDeviceGetEccMode(void*, unsigned*, unsigned*) {
  return kNotSupported;
}
// Only the name that drivers before 535 know.
int nvmlDeviceGetCurrentClocksThrottleReasons(void*, unsigned long long* reasons) {
  *reasons = fake_throttle_reasons;
  return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void*, unsigned* count, void*) {
  *count = fake_processes;
  return fake_processes == 0 ? 0 : kInsufficientSize;
}

int nvmlDeviceGetTotalEnergyConsumption(void*, unsigned long long* millijoules) {
  *millijoules = fake_millijoules;
  return 0;
}
int nvmlDeviceGetUtilizationRates(void*, unsigned* gpu_and_memory) {
  gpu_and_memory[0] = 97;
  gpu_and_memory[1] = 63;
  return 0;
}
}  // extern "C"
