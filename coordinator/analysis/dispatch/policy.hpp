// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantfleet::analysis {

// How a stack multiplies by packed weights.
enum class Path {
  kFused,               // reads packed codes and multiplies in one kernel
  kDequantizeThenGemm,  // decodes the weights to memory, then multiplies dense
};

// One product y = x W^T: W has n rows of k columns, x has `batch` rows.
struct Product {
  std::string format;    // of the weights, as `quantfleet format list` names it
  std::string baseline;  // of the activations: "bf16", "fp16" or "fp32"
  uint64_t n = 0, k = 0, batch = 0;
};

// What rules ask of a GPU.
struct GpuFacts {
  int capability = 0;            // 89 for sm_89; 0: no CUDA device
  uint32_t multiprocessors = 0;  // 0: not known
};

// What a stack does with a product.
struct Pick {
  std::optional<Path> path;  // unset: nothing can be said
  std::string why;           // for people: the rule that decided, or why none does
};

// The published dispatch rule of one stack.
struct DispatchPolicy {
  std::string_view name;                  // "bitsandbytes-0.49"
  std::vector<std::string_view> formats;  // it has kernels for these
  std::string_view source;                // file of the stack's repository where the rule stands
  Pick (*pick)(const Product& product, const GpuFacts& gpu);
};

// All that are known, by name.
const std::vector<DispatchPolicy>& DispatchPolicies();
// Null if none has this name.
const DispatchPolicy* FindDispatchPolicy(std::string_view name);

// Name of the kernel that takes this path, as ArmSpec.kernel has it.
std::string_view KernelOf(Path path);

// bitsandbytes 0.50 and later on CUDA (bitsandbytes/backends/cuda/ops.py at
// 95f9af309d4d5793847169c39288dcd3fcbdf564, _gemm_4bit_use_custom_cuda): by rows, shape,
// architecture and how many waves of 64 output columns the multiprocessors take.
Pick PickBitsandbytes050(const Product& product, const GpuFacts& gpu);

}  // namespace quantfleet::analysis
