// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/fused/arguments.hpp"
#include "kernels/ops/linear/cuda/fused/planes.cuh"

namespace quantfleet::linear::cuda {

__device__ inline Planes PlanesOf(const FusedArguments& arguments) {
  return {{arguments.plane[0], arguments.plane[1], arguments.plane[2], arguments.plane[3]},
          arguments.steps,
          arguments.n,
          arguments.k};
}

// Writes value `i` of a block's output tile, [column][row], unless it lies outside of y.
template <typename Codec, typename Half, uint32_t kRows, uint32_t kColumns>
__device__ void WriteValue(const FusedArguments& arguments, uint32_t i, float sum) {
  const uint32_t row = blockIdx.x * kRows + i % kRows;
  const uint32_t token = blockIdx.y * kColumns + i / kRows;
  if (row >= arguments.n || token >= arguments.batch) return;
  if constexpr (Codec::kScaling == Scaling::kRow) {
    sum *= Codec::RowScale(PlanesOf(arguments), row);
  }
  static_cast<typename Half::Type*>(arguments.y)[static_cast<uint64_t>(token) * arguments.n + row] =
      Half::Round(sum);
}

// True in all threads of the block that arrives last at its tile: the others' sums are visible to
// it.
__device__ inline bool ArrivesLast(uint32_t* arrivals, uint32_t tile) {
  __shared__ uint32_t before;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) before = atomicAdd(&arrivals[tile], 1U);
  __syncthreads();
  const bool last = before == gridDim.z - 1;
  if (last && threadIdx.x == 0) arrivals[tile] = 0;
  __threadfence();
  return last;
}

// Adds the sums of the block's warps, which lie in shared memory as [warp][column][row], and those
// of the other blocks of the tile where k is split over gridDim.z, always in the same order; writes
// the output. All threads call it after a barrier.
template <typename Codec, typename Half, uint32_t kRows, uint32_t kColumns>
__device__ void Finish(const FusedArguments& arguments, const float* shared) {
  constexpr uint32_t kValues = kRows * kColumns;
  const uint32_t warps = blockDim.x / 32;
  const uint32_t tile = blockIdx.y * gridDim.x + blockIdx.x;
  const uint64_t split_stride = static_cast<uint64_t>(gridDim.x) * gridDim.y * kValues;
  const uint64_t tile_start = static_cast<uint64_t>(tile) * kValues;
  for (uint32_t i = threadIdx.x; i < kValues; i += blockDim.x) {
    float sum = 0;
    for (uint32_t warp = 0; warp < warps; ++warp) sum += shared[warp * kValues + i];
    if (gridDim.z == 1) {
      WriteValue<Codec, Half, kRows, kColumns>(arguments, i, sum);
    } else {
      arguments.partials[blockIdx.z * split_stride + tile_start + i] = sum;
    }
  }
  if (gridDim.z == 1 || !ArrivesLast(arguments.arrivals, tile)) return;
  for (uint32_t i = threadIdx.x; i < kValues; i += blockDim.x) {
    float sum = 0;
    for (uint32_t split = 0; split < gridDim.z; ++split) {
      sum += __ldcg(arguments.partials + split * split_stride + tile_start + i);
    }
    WriteValue<Codec, Half, kRows, kColumns>(arguments, i, sum);
  }
}

}  // namespace quantfleet::linear::cuda
