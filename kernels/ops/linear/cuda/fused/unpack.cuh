// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/fused/finish.cuh"

namespace quantfleet::linear::cuda {

inline constexpr uint32_t kUnpackWarps = 8;

// The fused kernels without activations and multiply: every unit is loaded and decoded in registers
// by the same codec, in the same order, and folded into one word a thread, which is written only if
// it has a value that it never has, so that nothing is dropped. `y` of the arguments takes it.
template <typename Codec, typename Half>
__global__ void __launch_bounds__(kUnpackWarps * 32) UnpackKernel(FusedArguments arguments) {
  if constexpr (Half::kCompiled) {
    constexpr uint32_t kBytes = Codec::kTableBytes > 0 ? Codec::kTableBytes : sizeof(uint4);
    __shared__ uint4 memory[kBytes / sizeof(uint4)];
    auto* table = reinterpret_cast<uint32_t*>(memory);
    Codec::template FillTable<Half>(table);
    __syncthreads();
    const Planes planes = PlanesOf(arguments);
    const uint32_t lane = threadIdx.x % 32;
    const uint32_t stride = kUnpackWarps * gridDim.z;
    uint32_t folded = 0;
#pragma unroll 2
    for (uint32_t step = blockIdx.z * kUnpackWarps + threadIdx.x / 32; step < arguments.steps;
         step += stride) {
      typename Codec::Raw raw[2];
#pragma unroll
      for (uint32_t half = 0; half < 2; ++half) {
        Codec::Load(planes, {blockIdx.x, half * 8 + lane / 4, step, lane % 4}, raw[half]);
      }
#pragma unroll
      for (uint32_t half = 0; half < 2; ++half) {
        const Place place = {blockIdx.x, half * 8 + lane / 4, step, lane % 4};
#pragma unroll
        for (int run = 0; run < 2; ++run) {
          uint32_t pairs[8];
          Codec::template Codes<Half>(raw[half], run, table, pairs);
#pragma unroll
          for (int i = 0; i < 8; ++i) folded ^= pairs[i];
          if constexpr (Codec::kScaling == Scaling::kRun) {
            folded ^= __float_as_uint(Codec::Scale(planes, raw[half], place, run));
          }
          if constexpr (Codec::kHasMinimum) {
            folded ^= __float_as_uint(Codec::Minimum(planes, raw[half], place, run));
          }
        }
      }
    }
    if (folded == 0x9E3779B9U) *static_cast<uint32_t*>(arguments.y) = folded;
  }
}

}  // namespace quantfleet::linear::cuda
