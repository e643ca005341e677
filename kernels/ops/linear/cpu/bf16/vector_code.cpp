// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/bf16/vector_code.hpp"

namespace quantfleet::linear::cpu::bf16 {

#if defined(QUANTFLEET_X86_KERNELS)
extern const VectorCode kAvx512VectorCode;

const VectorCode* FindVectorCode() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vl")
             ? &kAvx512VectorCode
             : nullptr;
}
#else
const VectorCode* FindVectorCode() {
  return nullptr;
}
#endif

}  // namespace quantfleet::linear::cpu::bf16
