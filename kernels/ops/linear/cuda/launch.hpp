// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

// Starts the kernels of this folder. Host code calls them; nvcc compiles their bodies. All pointers
// are the device's. Each returns the launch's error and does not wait.
namespace quantfleet::linear::cuda {

enum class WeightFormat { kInt8, kNf4 };
enum class HalfType { kBf16, kFp16 };

// Packed weights, as kernels/formats lays them out: `scales` points at one fp32 a row (int8) or at
// one fp32 absmax a block of 64 (nf4) and need not be aligned for the scalar decode.
struct PackedWeights {
  WeightFormat format = WeightFormat::kInt8;
  const uint8_t* codes = nullptr;
  const uint8_t* scales = nullptr;
  uint32_t n = 0;
  uint32_t k = 0;
};

// x [batch, k] and y [batch, n] of type `half`.
struct FusedCall {
  PackedWeights weights;
  HalfType half = HalfType::kBf16;
  const void* x = nullptr;
  void* y = nullptr;
  uint32_t batch = 0;
};

// Decodes into [n, k] of type `half`, rounding the fp32 product to nearest even. Any shape.
cudaError_t LaunchDecode(const PackedWeights& weights, HalfType half, void* to,
                         cudaStream_t stream);
// Decodes into fp32, bit for bit what the host decodes.
cudaError_t LaunchDecodeToFp32(const PackedWeights& weights, float* to, cudaStream_t stream);

// One warp (or part of one) a row, fp32 arithmetic, no tensor cores. k as FusedShapeStatus demands,
// batch 1..kGemvMaxBatch (plan.hpp); cudaErrorInvalidValue otherwise.
cudaError_t LaunchGemv(const FusedCall& call, cudaStream_t stream);

// Tensor cores fed from registers. k as FusedShapeStatus demands, any batch.
cudaError_t LaunchTensorCore(const FusedCall& call, cudaStream_t stream);

}  // namespace quantfleet::linear::cuda
