// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/kernel_set.hpp"

#include <vector>

namespace quantfleet::linear::cpu::blocks {

#if defined(QUANTFLEET_X86_KERNELS)
extern const KernelSet kAvx512KernelSet;
extern const KernelSet kAvx2KernelSet;
#endif
extern const KernelSet kPlainKernelSet;

namespace {

uint64_t Aligned(uint64_t bytes) {
  return (bytes + 63) / 64 * 64;
}

std::vector<const KernelSet*> FindKernelSets() {
  std::vector<const KernelSet*> sets;
#if defined(QUANTFLEET_X86_KERNELS)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
  if (avx2 && avx512) sets.push_back(&kAvx512KernelSet);
  if (avx2) sets.push_back(&kAvx2KernelSet);
#endif
  sets.push_back(&kPlainKernelSet);
  return sets;
}

}  // namespace

std::span<const KernelSet* const> KernelSets() {
  static const std::vector<const KernelSet*> sets = FindKernelSets();
  return sets;
}

uint64_t QuantizedBytes(const BlockLayout& layout, uint64_t batch, uint64_t columns) {
  return Aligned(batch * columns) + Aligned(batch * columns / layout.block * sizeof(float)) +
         Aligned(batch * columns / layout.group * sizeof(int32_t));
}

Activations QuantizedAt(const BlockLayout& layout, uint64_t batch, uint64_t columns,
                        std::byte* memory) {
  std::byte* const scales = memory + Aligned(batch * columns);
  std::byte* const sums = scales + Aligned(batch * columns / layout.block * sizeof(float));
  return {batch, columns / layout.block, reinterpret_cast<const int8_t*>(memory),
          reinterpret_cast<const float*>(scales), reinterpret_cast<const int32_t*>(sums)};
}

}  // namespace quantfleet::linear::cpu::blocks
