// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/activations.hpp"
#include "kernels/ops/linear/cuda/int8/launch.hpp"
#include "kernels/ops/linear/cuda/start.cuh"
#include "kernels/ops/linear/cuda/values.cuh"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kThreads = 256;
constexpr float kLargest = 127.0F;
constexpr float kThreshold = formats::kLlmInt8Threshold;

// The largest of the threads' values, in all of them.
__device__ float LargestOfBlock(float value) {
  __shared__ float values[kThreads];
  values[threadIdx.x] = value;
  for (uint32_t half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      values[threadIdx.x] = fmaxf(values[threadIdx.x], values[threadIdx.x + half]);
    }
  }
  __syncthreads();
  return values[0];
}

__device__ int8_t CodeOf(float value, float absmax, float factor) {
  // Below absmax 127 / FLT_MAX the factor overflows.
  const float scaled = factor <= 3.4e38F ? value * factor : value / absmax * kLargest;
  return static_cast<int8_t>(fminf(fmaxf(rintf(scaled), -kLargest), kLargest));
}

// One block a token. Inliers: only what is below the threshold counts, and outlier columns are 0.
template <bool kInliers>
__global__ void __launch_bounds__(kThreads) QuantizeKernel(Int8Activations activations) {
  const uint32_t token = blockIdx.x;
  const uint64_t first = static_cast<uint64_t>(token) * activations.k;
  float absmax = 0;
  for (uint32_t i = threadIdx.x; i < activations.k; i += kThreads) {
    const float magnitude = fabsf(LoadValue(activations.type, activations.x, first + i));
    if (!kInliers || magnitude < kThreshold) absmax = fmaxf(absmax, magnitude);
  }
  absmax = LargestOfBlock(absmax);
  const float factor = absmax > 0 ? kLargest / absmax : 0.0F;
  int8_t* const codes = activations.codes + static_cast<uint64_t>(token) * activations.row_bytes;
  for (uint32_t i = threadIdx.x; i < activations.row_bytes; i += kThreads) {
    const bool zero = i >= activations.k || absmax == 0 || (kInliers && activations.is_outlier[i]);
    codes[i] = zero ? int8_t{0}
                    : CodeOf(LoadValue(activations.type, activations.x, first + i), absmax, factor);
  }
  if (threadIdx.x == 0) activations.scales[token] = kInliers ? absmax : absmax / kLargest;
}

__global__ void __launch_bounds__(kThreads) FlagOutliersKernel(Int8Activations activations) {
  const uint32_t column = blockIdx.x * kThreads + threadIdx.x;
  if (column >= activations.k) return;
  bool found = false;
  for (uint32_t token = 0; token < activations.batch; ++token) {
    const uint64_t i = static_cast<uint64_t>(token) * activations.k + column;
    found = found || fabsf(LoadValue(activations.type, activations.x, i)) >= kThreshold;
  }
  activations.is_outlier[column] = found ? 1 : 0;
}

// One block: each thread has a stretch of columns; where its finds go is the sum of those before.
__global__ void __launch_bounds__(kThreads) ListOutliersKernel(Int8Activations activations) {
  __shared__ uint32_t counts[kThreads];
  const uint32_t stretch = (activations.k + kThreads - 1) / kThreads;
  const uint32_t begin = min(threadIdx.x * stretch, activations.k);
  const uint32_t end = min(begin + stretch, activations.k);
  uint32_t count = 0;
  for (uint32_t i = begin; i < end; ++i) count += activations.is_outlier[i];
  counts[threadIdx.x] = count;
  __syncthreads();
  uint32_t place = 0;
  for (uint32_t i = 0; i < threadIdx.x; ++i) place += counts[i];
  for (uint32_t i = begin; i < end; ++i) {
    if (activations.is_outlier[i]) activations.outliers[1 + place++] = i;
  }
  if (threadIdx.x == kThreads - 1) activations.outliers[0] = place;
}

}  // namespace

cudaError_t LaunchQuantizeTokens(const Int8Activations& activations, cudaStream_t stream) {
  return Start(QuantizeKernel<false>, dim3(activations.batch), kThreads, stream, activations);
}

cudaError_t LaunchQuantizeInliers(const Int8Activations& activations, cudaStream_t stream) {
  return Start(QuantizeKernel<true>, dim3(activations.batch), kThreads, stream, activations);
}

cudaError_t LaunchFindOutliers(const Int8Activations& activations, cudaStream_t stream) {
  const dim3 blocks((activations.k + kThreads - 1) / kThreads);
  const cudaError_t error = Start(FlagOutliersKernel, blocks, kThreads, stream, activations);
  if (error != cudaSuccess) return error;
  return Start(ListOutliersKernel, dim3(1), kThreads, stream, activations);
}

}  // namespace quantfleet::linear::cuda
