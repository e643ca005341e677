// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include <cuda_runtime_api.h>

#include "kernels/ops/linear/cuda/fused/arguments.hpp"
#include "kernels/ops/linear/cuda/plan.hpp"
#include "kernels/ops/linear/kernel.hpp"

// Starts the kernels of this folder. Host code calls them; nvcc compiles their bodies. All pointers
// are the device's. Each returns the launch's error and does not wait.
namespace quantfleet::linear::cuda {

// Weights [n, k] as formats::Format packs them, aligned to 16 bytes.
struct PackedWeights {
  const uint8_t* packed = nullptr;
  uint32_t n = 0;
  uint32_t k = 0;
};

// Decodes into [n, k] of type `type`: fp32 bit for bit as the host does, 16 bits by rounding that
// to nearest even.
using DecodeLauncher = cudaError_t (*)(const PackedWeights& weights, ActivationType type, void* to,
                                       cudaStream_t stream);
// nullptr if the format has no decode kernel.
DecodeLauncher FindDecode(std::string_view format);

// y = x W^T in 16 bits with tiled weights. cudaErrorInvalidValue for a gemv of more than
// kGemvMaxBatch rows.
using FusedLauncher = cudaError_t (*)(const FusedArguments& arguments, ActivationType type,
                                      const FusedPlan& plan, cudaStream_t stream);
// nullptr if the format has no fused kernel. Has one for each format with a tiling.
FusedLauncher FindFused(std::string_view format);

// y = x W^T with fp32 weights, x and y of `type`; each product and sum in fp64. The oracle: slow.
cudaError_t LaunchReferenceProduct(const engine::LinearShape& shape, const float* weights,
                                   ActivationType type, const void* x, void* y,
                                   cudaStream_t stream);

// to[token][i] = from[token][order[i]] for 16-bit values [batch, k].
cudaError_t LaunchReorder(const void* from, const uint32_t* order, uint32_t batch, uint32_t k,
                          void* to, cudaStream_t stream);

}  // namespace quantfleet::linear::cuda
