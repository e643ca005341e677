// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "kernels/cuda/host/nvml.hpp"

namespace quantfleet::cuda {

// Versions the engine was built with and found at run time, as text ("13.0").
struct SoftwareVersions {
  std::string cuda_runtime;
  std::string cuda_driver_api;  // newest CUDA the driver speaks
  std::string cublaslt;
  std::string nvcc;
  std::string host_compiler;
};

// Keys and values of Fingerprint for a GPU ("gpu.clock.sm.max_mhz" -> "2520"). What is unknown is
// left out. Clocks and the PCIe link of the moment are under "gpu.now.": they move by themselves,
// so no comparison should declare them.
std::map<std::string, std::string> FingerprintOf(const GpuState& state,
                                                 const SoftwareVersions& versions);

}  // namespace quantfleet::cuda
