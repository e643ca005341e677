// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/start.cuh"
#include "kernels/ops/linear/cuda/values.cuh"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kThreads = 128;

// One block an output: threads take every kThreads-th product, the sums are added as a tree.
__global__ void __launch_bounds__(kThreads)
    ReferenceProductKernel(const float* weights, ActivationType type, const void* x, void* y,
                           uint32_t n, uint32_t k) {
  __shared__ double sums[kThreads];
  const uint32_t row = blockIdx.x;
  const uint32_t token = blockIdx.y;
  const float* const with = weights + static_cast<uint64_t>(row) * k;
  double sum = 0;
  for (uint32_t i = threadIdx.x; i < k; i += kThreads) {
    const float value = LoadValue(type, x, static_cast<uint64_t>(token) * k + i);
    sum += static_cast<double>(with[i]) * static_cast<double>(value);
  }
  sums[threadIdx.x] = sum;
  for (uint32_t half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0) {
    SaveValue(type, y, static_cast<uint64_t>(token) * n + row, static_cast<float>(sums[0]));
  }
}

}  // namespace

cudaError_t LaunchReferenceProduct(const engine::LinearShape& shape, const float* weights,
                                   ActivationType type, const void* x, void* y,
                                   cudaStream_t stream) {
  constexpr uint32_t kMostTokens = 65535;  // of a grid's second dimension
  const uint64_t bytes = type == ActivationType::kFp32 ? sizeof(float) : sizeof(uint16_t);
  for (uint32_t first = 0; first < shape.batch; first += kMostTokens) {
    const uint32_t tokens = shape.batch - first < kMostTokens ? shape.batch - first : kMostTokens;
    const void* from = static_cast<const uint8_t*>(x) + uint64_t{first} * shape.k * bytes;
    void* to = static_cast<uint8_t*>(y) + uint64_t{first} * shape.n * bytes;
    const cudaError_t error = Start(ReferenceProductKernel, dim3(shape.n, tokens), kThreads, stream,
                                    weights, type, from, to, shape.n, shape.k);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

}  // namespace quantfleet::linear::cuda
