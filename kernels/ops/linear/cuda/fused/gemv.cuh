// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/fused/finish.cuh"

namespace quantfleet::linear::cuda {

inline constexpr uint32_t kGemvWarps = 8;

// 16 weights' activations of one token, or zeros past the end of the row. kOrdered: by loads that
// the compiler keeps behind a barrier.
template <typename Half, bool kOrdered = false>
__device__ void LoadActivations(const FusedArguments& arguments, uint32_t token, uint32_t first,
                                uint32_t (&pairs)[8]) {
  const uint64_t start = static_cast<uint64_t>(token) * arguments.k + first;
  const auto* address =
      reinterpret_cast<const uint4*>(static_cast<const typename Half::Type*>(arguments.x) + start);
  const bool inside = first < arguments.k;
  uint4 low{};
  uint4 high{};
  if (inside) {
    low = kOrdered ? address[0] : __ldg(address);
    high = kOrdered ? address[1] : __ldg(address + 1);
  }
  const uint32_t words[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
  for (int i = 0; i < 8; ++i) pairs[i] = words[i];
}

// Multiplies without tensor cores, fp32 throughout. A lane holds two rows of the block's tile, 8
// apart, and every fourth unit of them; the block's warps share k.
template <typename Codec, typename Half, int kBatch>
class GemvWork {
 public:
  using Raw = typename Codec::Raw;

  __device__ GemvWork(const FusedArguments& arguments, const uint32_t* table)
      : arguments_(arguments), table_(table) {}

  __device__ void Load(uint32_t step, Raw (&raw)[2]) const {
#pragma unroll
    for (uint32_t half = 0; half < 2; ++half) {
      Codec::Load(PlanesOf(arguments_), PlaceOf(step, half), raw[half]);
    }
  }

  __device__ void Multiply(uint32_t step, const Raw (&raw)[2]) {
    const uint32_t unit = step * kStepUnits + threadIdx.x % 4;
#pragma unroll
    for (int run = 0; run < 2; ++run) {
      uint32_t x[kBatch][8];
#pragma unroll
      for (int token = 0; token < kBatch; ++token) {
        LoadActivations<Half>(arguments_, token, unit * kUnitWeights + run * 16, x[token]);
      }
      AddRun(step, run, raw, x);
    }
  }

  // Leaves this warp's sums in shared memory as [token][row].
  __device__ void Store(float* shared) const {
    const uint32_t lane = threadIdx.x % 32;
#pragma unroll
    for (int token = 0; token < kBatch; ++token) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float sum = sums_[half][token];
        sum += __shfl_xor_sync(0xFFFFFFFFU, sum, 1);
        sum += __shfl_xor_sync(0xFFFFFFFFU, sum, 2);
        if (lane % 4 == 0) shared[token * kTileRows + half * 8 + lane / 4] = sum;
      }
    }
  }

 private:
  static __device__ Place PlaceOf(uint32_t step, uint32_t half) {
    const uint32_t lane = threadIdx.x % 32;
    return {blockIdx.x, half * 8 + lane / 4, step, lane % 4};
  }
  __device__ void AddRun(uint32_t step, int run, const Raw (&raw)[2],
                         const uint32_t (&x)[kBatch][8]) {
    float dots[2][kBatch] = {};
    float totals[kBatch] = {};  // of x, for the minimum
    uint32_t pairs[2][8];
    Codec::template Codes<Half>(raw[0], run, table_, pairs[0]);
    Codec::template Codes<Half>(raw[1], run, table_, pairs[1]);
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const float2 first = Half::Unpack(pairs[0][i]);
      const float2 second = Half::Unpack(pairs[1][i]);
#pragma unroll
      for (int token = 0; token < kBatch; ++token) {
        const float2 with = Half::Unpack(x[token][i]);
        dots[0][token] = fmaf(first.y, with.y, fmaf(first.x, with.x, dots[0][token]));
        dots[1][token] = fmaf(second.y, with.y, fmaf(second.x, with.x, dots[1][token]));
        if constexpr (Codec::kHasMinimum) totals[token] += with.x + with.y;
      }
    }
#pragma unroll
    for (uint32_t half = 0; half < 2; ++half) {
      const Place place = PlaceOf(step, half);
      float scale = 1;
      if constexpr (Codec::kScaling == Scaling::kRun)
        scale = Codec::Scale(PlanesOf(arguments_), raw[half], place, run);
#pragma unroll
      for (int token = 0; token < kBatch; ++token) {
        float& sum = sums_[half][token];
        sum = fmaf(dots[half][token], scale, sum);
        if constexpr (Codec::kHasMinimum) {
          sum = fmaf(-totals[token], Codec::Minimum(PlanesOf(arguments_), raw[half], place, run),
                     sum);
        }
      }
    }
  }

  const FusedArguments& arguments_;
  const uint32_t* table_;
  float sums_[2][kBatch] = {};
};

template <typename Codec, typename Half, int kBatch>
__global__ void __launch_bounds__(kGemvWarps * 32) GemvKernel(FusedArguments arguments) {
  if constexpr (Half::kCompiled) {
    constexpr uint32_t kSumBytes = kGemvWarps * kTileRows * kBatch * sizeof(float);
    constexpr uint32_t kBytes = kSumBytes > Codec::kTableBytes ? kSumBytes : Codec::kTableBytes;
    __shared__ uint4 memory[kBytes / sizeof(uint4)];
    auto* table = reinterpret_cast<uint32_t*>(memory);
    auto* shared = reinterpret_cast<float*>(memory);
    Codec::template FillTable<Half>(table);
    if constexpr (Codec::kTableBytes > 0) __syncthreads();

    const uint32_t warp = threadIdx.x / 32;
    const uint32_t stride = blockDim.x / 32 * gridDim.z;
    GemvWork<Codec, Half, kBatch> work(arguments, table);
    typename Codec::Raw next[2];
    uint32_t step = blockIdx.z * (blockDim.x / 32) + warp;
    if (step < arguments.steps) work.Load(step, next);
    while (step < arguments.steps) {
      const typename Codec::Raw now[2] = {next[0], next[1]};
      const uint32_t later = step + stride;
      if (later < arguments.steps) work.Load(later, next);
      work.Multiply(step, now);
      step = later;
    }
    // The table is no longer needed; its memory takes the sums.
    if constexpr (Codec::kTableBytes > 0) __syncthreads();
    work.Store(shared + warp * kTileRows * kBatch);
    __syncthreads();
    Finish<Codec, Half, kTileRows, kBatch>(arguments, shared);
  }
}

}  // namespace quantfleet::linear::cuda
