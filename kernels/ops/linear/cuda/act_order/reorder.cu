// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/start.cuh"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kThreads = 256;

__global__ void __launch_bounds__(kThreads)
    ReorderKernel(const uint16_t* from, const uint32_t* order, uint32_t k, uint16_t* to) {
  const uint64_t start = static_cast<uint64_t>(blockIdx.x) * k;
  for (uint32_t i = threadIdx.x; i < k; i += kThreads) to[start + i] = from[start + order[i]];
}

}  // namespace

cudaError_t LaunchReorder(const void* from, const uint32_t* order, uint32_t batch, uint32_t k,
                          void* to, cudaStream_t stream) {
  return Start(ReorderKernel, dim3(batch), kThreads, stream, static_cast<const uint16_t*>(from),
               order, k, static_cast<uint16_t*>(to));
}

}  // namespace quantfleet::linear::cuda
