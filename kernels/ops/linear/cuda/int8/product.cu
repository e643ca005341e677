// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/int8/launch.hpp"
#include "kernels/ops/linear/cuda/mma.cuh"
#include "kernels/ops/linear/cuda/start.cuh"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"
#include "kernels/ops/linear/cuda/values.cuh"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kMmaColumns = 8;

struct Arguments {
  Int8Weights weights;
  const int8_t* codes;
  const float* scales;
  int32_t* sums;
  ActivationType type;
  void* y;
  uint32_t batch;
};

// 32 codes a lane: words 2j and 2j + 1 are what mma j takes.
struct Codes {
  uint32_t words[8];
  __device__ void Set(const uint4& low, const uint4& high) {
    const uint32_t all[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int i = 0; i < 8; ++i) words[i] = all[i];
  }
};

// Output of a block: 16 * kTilesM rows by 8 * kTilesN tokens; its warps share k.
template <int kTilesM, int kTilesN, int kWarps>
struct Shape {
  static constexpr uint32_t kRows = kTileRows * kTilesM;
  static constexpr uint32_t kColumns = kMmaColumns * kTilesN;
  static constexpr uint32_t kValues = kRows * kColumns;
};

__device__ inline void LoadWeights(const Int8Weights& weights, uint32_t tile, uint32_t row,
                                   uint32_t step, Codes& codes) {
  const uint64_t first = static_cast<uint64_t>(tile) * weights.steps + step;
  const uint64_t index = (first * kTileRows + row) * kStepUnits + threadIdx.x % 4;
  codes.Set(LoadStreaming(reinterpret_cast<const uint4*>(weights.plane[0]) + index),
            LoadStreaming(reinterpret_cast<const uint4*>(weights.plane[1]) + index));
}

template <int kTilesM, int kTilesN, int kWarps>
__device__ void MultiplySteps(const Arguments& arguments, int32_t (&sums)[kTilesM][kTilesN][4]) {
  using S = Shape<kTilesM, kTilesN, kWarps>;
  const uint32_t lane = threadIdx.x % 32;
  const uint32_t last_tile = (arguments.weights.n - 1) / kTileRows;
  const uint64_t row_bytes = static_cast<uint64_t>(arguments.weights.steps) * kStepWeights;
  for (uint32_t step = threadIdx.x / 32; step < arguments.weights.steps; step += kWarps) {
    Codes weights[kTilesM][2];
#pragma unroll
    for (uint32_t m = 0; m < kTilesM; ++m) {
      const uint32_t tile = min(blockIdx.x * kTilesM + m, last_tile);
      LoadWeights(arguments.weights, tile, lane / 4, step, weights[m][0]);
      LoadWeights(arguments.weights, tile, lane / 4 + 8, step, weights[m][1]);
    }
#pragma unroll
    for (int n = 0; n < kTilesN; ++n) {
      const uint32_t token =
          min(blockIdx.y * S::kColumns + n * kMmaColumns + lane / 4, arguments.batch - 1);
      const auto* from = reinterpret_cast<const uint4*>(
          arguments.codes + token * row_bytes + step * kStepWeights + lane % 4 * kUnitWeights);
      Codes x;
      x.Set(__ldg(from), __ldg(from + 1));
#pragma unroll
      for (int m = 0; m < kTilesM; ++m) {
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          const uint32_t a[4] = {weights[m][0].words[2 * j], weights[m][1].words[2 * j],
                                 weights[m][0].words[2 * j + 1], weights[m][1].words[2 * j + 1]};
          const uint32_t b[2] = {x.words[2 * j], x.words[2 * j + 1]};
          MultiplyAccumulate(sums[m][n], a, b);
        }
      }
    }
  }
}

__device__ inline void WriteSum(const Arguments& arguments, uint32_t row, uint32_t token,
                                int32_t sum) {
  if (row >= arguments.weights.n || token >= arguments.batch) return;
  const uint64_t place = static_cast<uint64_t>(token) * arguments.weights.n + row;
  if (arguments.sums != nullptr) {
    arguments.sums[place] = sum;
    return;
  }
  const float scale = reinterpret_cast<const float*>(arguments.weights.plane[2])[row];
  SaveValue(arguments.type, arguments.y, place,
            static_cast<float>(sum) * (scale * arguments.scales[token]));
}

template <int kTilesM, int kTilesN, int kWarps>
__global__ void __launch_bounds__(kWarps * 32) Int8ProductKernel(Arguments arguments) {
  using S = Shape<kTilesM, kTilesN, kWarps>;
  __shared__ int32_t shared[kWarps * S::kValues];
  int32_t sums[kTilesM][kTilesN][4] = {};
  MultiplySteps<kTilesM, kTilesN, kWarps>(arguments, sums);
  const uint32_t lane = threadIdx.x % 32;
  int32_t* const own = shared + threadIdx.x / 32 * S::kValues;
#pragma unroll
  for (int m = 0; m < kTilesM; ++m) {
#pragma unroll
    for (int n = 0; n < kTilesN; ++n) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const uint32_t row = m * kTileRows + lane / 4 + (i / 2) * 8;
        const uint32_t column = n * kMmaColumns + lane % 4 * 2 + i % 2;
        own[column * S::kRows + row] = sums[m][n][i];
      }
    }
  }
  __syncthreads();
  for (uint32_t i = threadIdx.x; i < S::kValues; i += kWarps * 32) {
    int32_t sum = 0;
#pragma unroll
    for (int warp = 0; warp < kWarps; ++warp) sum += shared[warp * S::kValues + i];
    WriteSum(arguments, blockIdx.x * S::kRows + i % S::kRows,
             blockIdx.y * S::kColumns + i / S::kRows, sum);
  }
}

template <int kTilesM, int kTilesN, int kWarps>
cudaError_t StartProduct(const Arguments& arguments, cudaStream_t stream) {
  using S = Shape<kTilesM, kTilesN, kWarps>;
  const dim3 grid((arguments.weights.n + S::kRows - 1) / S::kRows,
                  (arguments.batch + S::kColumns - 1) / S::kColumns);
  return Start(Int8ProductKernel<kTilesM, kTilesN, kWarps>, grid, kWarps * 32, stream, arguments);
}

}  // namespace

cudaError_t LaunchInt8Product(const Int8Activations& activations, const Int8Weights& weights,
                              int32_t* sums, void* y, cudaStream_t stream) {
  const Arguments arguments = {
      weights, activations.codes, activations.scales, sums, activations.type, y, activations.batch};
  if (activations.batch <= 8) return StartProduct<1, 1, 8>(arguments, stream);
  if (activations.batch <= 32) return StartProduct<2, 4, 8>(arguments, stream);
  return StartProduct<2, 8, 4>(arguments, stream);
}

}  // namespace quantfleet::linear::cuda
