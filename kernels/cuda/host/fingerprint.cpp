// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/host/fingerprint.hpp"

namespace quantfleet::cuda {
namespace {

using Values = std::map<std::string, std::string>;

void Put(Values& values, const char* key, const std::string& text) {
  if (!text.empty()) values[key] = text;
}
void Put(Values& values, const char* key, const std::optional<uint32_t>& number) {
  if (number) values[key] = std::to_string(*number);
}
void Put(Values& values, const char* key, const std::optional<bool>& flag) {
  if (flag) values[key] = *flag ? "on" : "off";
}

}  // namespace

Values FingerprintOf(const GpuState& state, const SoftwareVersions& versions) {
  Values values;
  Put(values, "driver", state.driver_version.value_or(""));
  Put(values, "cuda.runtime", versions.cuda_runtime);
  Put(values, "cuda.driver_api", versions.cuda_driver_api);
  Put(values, "cublaslt", versions.cublaslt);
  Put(values, "compiler.nvcc", versions.nvcc);
  Put(values, "compiler.host", versions.host_compiler);
  Put(values, "gpu.clock.sm.max_mhz", state.max_sm_clock_mhz);
  Put(values, "gpu.clock.memory.max_mhz", state.max_memory_clock_mhz);
  Put(values, "gpu.power.limit_milliwatt", state.power_limit_milliwatt);
  Put(values, "gpu.ecc", state.ecc);
  Put(values, "gpu.persistence", state.persistence);
  Put(values, "gpu.now.clock.sm_mhz", state.sm_clock_mhz);
  Put(values, "gpu.now.clock.memory_mhz", state.memory_clock_mhz);
  Put(values, "gpu.now.pcie.generation", state.pcie_generation);
  Put(values, "gpu.now.pcie.width", state.pcie_width);
  return values;
}

}  // namespace quantfleet::cuda
