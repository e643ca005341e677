// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/halves.cuh"
#include "kernels/ops/linear/cuda/launch.hpp"

// How decoded weights are written. The sources of this folder are compiled without contraction to
// fused multiply-adds (sources.cmake), so that a decode gives the host's bits.
namespace quantfleet::linear::cuda {

inline constexpr int kDecodeThreads = 256;

struct Fp32Out {
  using Type = float;
  static constexpr bool kCompiled = true;
  static __device__ float Round(float value) { return value; }
};

// Neighbouring weights, as many as a multiple of 8, to an aligned address.
template <int kCount>
__device__ void StoreRun(Fp32Out, float* to, const float (&values)[kCount]) {
  auto* vectors = reinterpret_cast<float4*>(to);
#pragma unroll
  for (int i = 0; i < kCount / 4; ++i) {
    vectors[i] = {values[4 * i], values[4 * i + 1], values[4 * i + 2], values[4 * i + 3]};
  }
}

template <typename Half, int kCount>
__device__ void StoreRun(Half, typename Half::Type* to, const float (&values)[kCount]) {
  auto* vectors = reinterpret_cast<uint4*>(to);
#pragma unroll
  for (int i = 0; i < kCount / 8; ++i) {
    const float* eight = values + 8 * i;
    vectors[i] = {Half::Pack(eight[0], eight[1]), Half::Pack(eight[2], eight[3]),
                  Half::Pack(eight[4], eight[5]), Half::Pack(eight[6], eight[7])};
  }
}

// Calls launch(Out()) with the way of writing that `type` asks for.
template <typename Launch>
cudaError_t WithOut(ActivationType type, const Launch& launch) {
  switch (type) {
    case ActivationType::kFp32:
      return launch(Fp32Out());
    case ActivationType::kBf16:
      return launch(Bf16());
    case ActivationType::kFp16:
      return launch(Fp16());
  }
  return cudaErrorInvalidValue;
}

inline dim3 BlocksFor(uint64_t items, uint64_t per_block) {
  return dim3(static_cast<uint32_t>((items + per_block - 1) / per_block));
}

}  // namespace quantfleet::linear::cuda
