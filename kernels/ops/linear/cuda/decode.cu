// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include "kernels/ops/linear/cuda/codecs.cuh"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/start.cuh"

namespace quantfleet::linear::cuda {
namespace {

constexpr int kThreads = 256;
constexpr uint32_t kRun = 16;  // weights a thread decodes, all under one scale

// How decoded weights are written.
struct Fp32Out {
  using Type = float;
  static constexpr bool kCompiled = true;
  static __device__ float Round(float value) { return value; }
};

__device__ void StoreRun(Fp32Out, float* to, const float (&values)[kRun]) {
  auto* vectors = reinterpret_cast<float4*>(to);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    vectors[i] = {values[4 * i], values[4 * i + 1], values[4 * i + 2], values[4 * i + 3]};
  }
}

template <typename Half>
__device__ void StoreRun(Half, typename Half::Type* to, const float (&values)[kRun]) {
  auto* vectors = reinterpret_cast<uint4*>(to);
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const float* half = values + 8 * i;
    vectors[i] = {Half::Pack(half[0], half[1]), Half::Pack(half[2], half[3]),
                  Half::Pack(half[4], half[5]), Half::Pack(half[6], half[7])};
  }
}

// Needs k to be a multiple of kRun.
template <typename Out>
__global__ void __launch_bounds__(kThreads)
    DecodeInt8Kernel(const uint8_t* codes, const float* scales, typename Out::Type* to,
                     uint64_t weights, uint32_t k) {
  if constexpr (Out::kCompiled) {
    const uint64_t first = (static_cast<uint64_t>(blockIdx.x) * kThreads + threadIdx.x) * kRun;
    if (first >= weights) return;
    const uint4 raw = Int8Codec::Load(codes, first);
    const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
    const float scale = scales[first / k];
    float values[kRun];
#pragma unroll
    for (uint32_t i = 0; i < kRun; ++i) {
      values[i] =
          formats::DecodeInt8(static_cast<int8_t>(words[i / 4] >> (i % 4 * 8) & 0xFFU), scale);
    }
    StoreRun(Out(), to + first, values);
  }
}

template <typename Out>
__global__ void __launch_bounds__(kThreads)
    DecodeNf4Kernel(const uint8_t* codes, const float* scales, typename Out::Type* to,
                    uint64_t weights) {
  if constexpr (Out::kCompiled) {
    __shared__ float table[16];
    if (threadIdx.x < 16) table[threadIdx.x] = formats::DecodeNf4(threadIdx.x, 1.0F);
    __syncthreads();
    const uint64_t first = (static_cast<uint64_t>(blockIdx.x) * kThreads + threadIdx.x) * kRun;
    if (first >= weights) return;
    const uint2 raw = Nf4Codec::Load(codes, first);
    const uint32_t words[2] = {raw.x, raw.y};
    const float scale = scales[first / formats::kNf4Block];
    float values[kRun];
#pragma unroll
    for (uint32_t i = 0; i < kRun; ++i) {
      const uint32_t shift = i % 8 / 2 * 8 + (1 - i % 2) * 4;
      // One rounding, as DecodeNf4: value times absmax.
      values[i] = table[words[i / 8] >> shift & 15U] * scale;
    }
    StoreRun(Out(), to + first, values);
  }
}

// Any k: rows need not start on a boundary, scales need not be aligned. Slow and rare.
template <typename Out>
__global__ void __launch_bounds__(kThreads)
    DecodeInt8ScalarKernel(const uint8_t* codes, const uint8_t* scales, typename Out::Type* to,
                           uint64_t weights, uint32_t k) {
  if constexpr (Out::kCompiled) {
    const uint64_t i = static_cast<uint64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (i >= weights) return;
    const uint8_t* bytes = scales + i / k * sizeof(float);
    const uint32_t bits = static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
                          static_cast<uint32_t>(bytes[2]) << 16 |
                          static_cast<uint32_t>(bytes[3]) << 24;
    to[i] = Out::Round(formats::DecodeInt8(static_cast<int8_t>(codes[i]), __uint_as_float(bits)));
  }
}

template <typename Out>
cudaError_t Launch(const PackedWeights& weights, void* to, cudaStream_t stream) {
  auto* out = static_cast<typename Out::Type*>(to);
  const uint64_t count = static_cast<uint64_t>(weights.n) * weights.k;
  const auto* scales = reinterpret_cast<const float*>(weights.scales);
  const bool runs = weights.k % kRun == 0;
  const uint64_t per_block = static_cast<uint64_t>(kThreads) * (runs ? kRun : 1);
  const dim3 grid(static_cast<uint32_t>((count + per_block - 1) / per_block));
  if (weights.format == WeightFormat::kNf4) {
    if (!runs) return cudaErrorInvalidValue;
    return Start(DecodeNf4Kernel<Out>, grid, kThreads, stream, weights.codes, scales, out, count);
  }
  if (runs) {
    return Start(DecodeInt8Kernel<Out>, grid, kThreads, stream, weights.codes, scales, out, count,
                 weights.k);
  }
  return Start(DecodeInt8ScalarKernel<Out>, grid, kThreads, stream, weights.codes, weights.scales,
               out, count, weights.k);
}

}  // namespace

cudaError_t LaunchDecode(const PackedWeights& weights, HalfType half, void* to,
                         cudaStream_t stream) {
  return half == HalfType::kBf16 ? Launch<Bf16>(weights, to, stream)
                                 : Launch<Fp16>(weights, to, stream);
}

cudaError_t LaunchDecodeToFp32(const PackedWeights& weights, float* to, cudaStream_t stream) {
  return Launch<Fp32Out>(weights, to, stream);
}

}  // namespace quantfleet::linear::cuda
