// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quantfleet::cuda {

// Compute capability: 8.9 is {8, 9}.
struct Capability {
  int major = 0;
  int minor = 0;
  auto operator<=>(const Capability&) const = default;
};

// "sm_89".
std::string ArchitectureName(Capability capability);
// "NVIDIA GeForce RTX 4090" -> "cuda/nvidia-geforce-rtx-4090": lower case, every run of other
// characters one dash.
std::string DeviceClassOf(std::string_view name);
// The 16 bytes of cudaDeviceProp::uuid as NVML writes them: "GPU-xxxxxxxx-xxxx-xxxx-xxxx-...".
std::string UidOf(std::span<const std::byte, 16> uuid);
// Operand types the matrix units take, sorted. Source: CUDA C++ Programming Guide, "Arithmetic
// Instructions" and the tensor core tables of the PTX ISA (mma): fp16 sm_70, int8 sm_75 (IMMA;
// dp4a alone does not count), bf16 and tf32 sm_80, fp8 sm_89, fp4 sm_100.
std::vector<std::string> FeaturesOf(Capability capability);
// "cuda:3" -> 3; nothing for anything else.
std::optional<int> IndexOfSelector(std::string_view selector);
// Packed CUDA version, 13000 -> "13.0"; 12040 -> "12.4".
std::string CudaVersionText(int version);
// Packed cuBLAS version, 130100 -> "13.1.0" (major * 10000 + minor * 100 + patch).
std::string CublasVersionText(size_t version);

}  // namespace quantfleet::cuda
