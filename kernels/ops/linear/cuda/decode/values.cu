// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/ops/linear/cuda/decode/families.hpp"
#include "kernels/ops/linear/cuda/decode/out.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

// Formats without scales: each weight is a float of some width. Only the oracle decodes them, so
// one weight a thread will do.
namespace quantfleet::linear::cuda {
namespace {

struct Fp32Weight {
  using Type = float;
  static __device__ float Widen(float value) { return value; }
};
struct Bf16Weight {
  using Type = uint16_t;
  static __device__ float Widen(uint16_t bits) { return formats::DecodeBf16(bits); }
};
struct Fp16Weight {
  using Type = uint16_t;
  static __device__ float Widen(uint16_t bits) { return formats::DecodeFp16(bits); }
};

template <typename Weight, typename Out>
__global__ void __launch_bounds__(kDecodeThreads)
    WidenKernel(const typename Weight::Type* from, typename Out::Type* to, uint64_t weights) {
  if constexpr (Out::kCompiled) {
    const uint64_t i = static_cast<uint64_t>(blockIdx.x) * kDecodeThreads + threadIdx.x;
    if (i < weights) to[i] = Out::Round(Weight::Widen(from[i]));
  }
}

template <typename Weight>
cudaError_t Widen(const PackedWeights& weights, ActivationType type, void* to,
                  cudaStream_t stream) {
  return WithOut(type, [&](auto out) {
    using Out = decltype(out);
    const uint64_t count = static_cast<uint64_t>(weights.n) * weights.k;
    return Start(WidenKernel<Weight, Out>, BlocksFor(count, kDecodeThreads), kDecodeThreads, stream,
                 reinterpret_cast<const typename Weight::Type*>(weights.packed),
                 static_cast<typename Out::Type*>(to), count);
  });
}

}  // namespace

cudaError_t DecodeFp32Weights(const PackedWeights& weights, ActivationType type, void* to,
                              cudaStream_t stream) {
  return Widen<Fp32Weight>(weights, type, to, stream);
}
cudaError_t DecodeBf16Weights(const PackedWeights& weights, ActivationType type, void* to,
                              cudaStream_t stream) {
  return Widen<Bf16Weight>(weights, type, to, stream);
}
cudaError_t DecodeFp16Weights(const PackedWeights& weights, ActivationType type, void* to,
                              cudaStream_t stream) {
  return Widen<Fp16Weight>(weights, type, to, stream);
}

}  // namespace quantfleet::linear::cuda
