// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/llm_int8.hpp"
#include "kernels/ops/linear/cuda/int8/launch.hpp"
#include "kernels/ops/linear/cuda/start.cuh"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"
#include "kernels/ops/linear/cuda/values.cuh"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kThreads = 256;
// 1 / 127^2 as the CUDA kernels of bitsandbytes have it.
constexpr float kStepSquared = 6.200012e-05F;

// One output a thread: row by blockIdx.x, token by blockIdx.y.
struct Output {
  ActivationType type;
  void* y;
  Int8Weights weights;
  __device__ uint32_t Row() const { return blockIdx.x * kThreads + threadIdx.x; }
  __device__ uint64_t Place() const {
    return static_cast<uint64_t>(blockIdx.y) * weights.n + Row();
  }
  __device__ float Absmax() const {
    return reinterpret_cast<const float*>(weights.plane[2])[Row()];
  }
};

__global__ void __launch_bounds__(kThreads)
    ScaleSumsKernel(Output output, const int32_t* sums, const float* token_absmax) {
  if (output.Row() >= output.weights.n) return;
  const float value = static_cast<float>(sums[output.Place()]) * token_absmax[blockIdx.y] *
                      output.Absmax() * kStepSquared;
  SaveValue(output.type, output.y, output.Place(), value);
}

__device__ int8_t CodeAt(const Int8Weights& weights, uint32_t row, uint32_t column) {
  const uint32_t unit = column / kUnitWeights;
  const uint32_t in_unit = column % kUnitWeights;
  const uint64_t step = static_cast<uint64_t>(row / kTileRows) * weights.steps + unit / kStepUnits;
  const uint64_t index = (step * kTileRows + row % kTileRows) * kStepUnits + unit % kStepUnits;
  return static_cast<int8_t>(weights.plane[in_unit / 16][index * 16 + in_unit % 16]);
}

__global__ void __launch_bounds__(kThreads)
    AddOutliersKernel(Output output, const void* x, uint32_t k, const uint32_t* outliers) {
  const uint32_t count = outliers[0];
  if (count == 0 || output.Row() >= output.weights.n) return;
  const float absmax = output.Absmax();
  float sum = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t column = outliers[1 + i];
    const float value = LoadValue(output.type, x, static_cast<uint64_t>(blockIdx.y) * k + column);
    sum += value * formats::DecodeLlmInt8(CodeAt(output.weights, output.Row(), column), absmax);
  }
  const float before = LoadValue(output.type, output.y, output.Place());
  SaveValue(output.type, output.y, output.Place(), before + sum);
}

dim3 GridOf(const Int8Activations& activations, const Int8Weights& weights) {
  return {(weights.n + kThreads - 1) / kThreads, activations.batch};
}

}  // namespace

cudaError_t LaunchScaleSums(const Int8Activations& activations, const Int8Weights& weights,
                            const int32_t* sums, void* y, cudaStream_t stream) {
  const Output output = {activations.type, y, weights};
  const float* const absmax = activations.scales;
  return Start(ScaleSumsKernel, GridOf(activations, weights), kThreads, stream, output, sums,
               absmax);
}

cudaError_t LaunchAddOutliers(const Int8Activations& activations, const Int8Weights& weights,
                              void* y, cudaStream_t stream) {
  const Output output = {activations.type, y, weights};
  const uint32_t* const outliers = activations.outliers;
  return Start(AddOutliersKernel, GridOf(activations, weights), kThreads, stream, output,
               activations.x, activations.k, outliers);
}

}  // namespace quantfleet::linear::cuda
