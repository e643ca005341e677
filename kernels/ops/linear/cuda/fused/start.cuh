// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/fused/families.hpp"
#include "kernels/ops/linear/cuda/fused/gemv.cuh"
#include "kernels/ops/linear/cuda/fused/tensor_core.cuh"
#include "kernels/ops/linear/cuda/fused/unpack.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

// Makes the kernels of one codec. Included by the source files of the families only, so that each
// kernel is compiled once.
namespace quantfleet::linear::cuda {

template <typename Codec, typename Half, int kBatch>
cudaError_t StartGemv(const FusedArguments& arguments, uint32_t splits, cudaStream_t stream) {
  const uint32_t tiles = (arguments.n + kTileRows - 1) / kTileRows;
  return Start(GemvKernel<Codec, Half, kBatch>, dim3(tiles, 1, splits), kGemvWarps * 32, stream,
               arguments);
}

template <typename Codec, typename Half>
cudaError_t StartGemvForBatch(const FusedArguments& arguments, uint32_t splits,
                              cudaStream_t stream) {
  switch (arguments.batch) {
    case 1:
      return StartGemv<Codec, Half, 1>(arguments, splits, stream);
    case 2:
      return StartGemv<Codec, Half, 2>(arguments, splits, stream);
    default:
      return cudaErrorInvalidValue;
  }
}

template <typename T>
cudaError_t StartTile(const FusedArguments& arguments, uint32_t splits, cudaStream_t stream) {
  const dim3 grid((arguments.n + T::kRows - 1) / T::kRows,
                  (arguments.batch + T::kColumns - 1) / T::kColumns, splits);
  return Start(TensorCoreKernel<T>, grid, T::kWarps * 32, stream, arguments);
}

// Wider tiles decode a weight once for more tokens; narrow ones leave registers for depth.
template <typename Codec, typename Half>
cudaError_t StartTensorCore(const FusedArguments& arguments, uint32_t splits, cudaStream_t stream) {
  const uint32_t batch = arguments.batch;
  if (batch <= 8) return StartTile<Tile<Codec, Half, 1, 1, 8, 2>>(arguments, splits, stream);
  if (batch <= 16) return StartTile<Tile<Codec, Half, 1, 2, 8, 2>>(arguments, splits, stream);
  if (batch <= 32) return StartTile<Tile<Codec, Half, 2, 4, 8, 1>>(arguments, splits, stream);
  return StartTile<Tile<Codec, Half, Codec::kWideTilesM, 8, 4, 0>>(arguments, splits, stream);
}

template <typename Codec, typename Half>
cudaError_t StartUnpack(const FusedArguments& arguments, uint32_t splits, cudaStream_t stream) {
  const uint32_t tiles = (arguments.n + kTileRows - 1) / kTileRows;
  return Start(UnpackKernel<Codec, Half>, dim3(tiles, 1, splits), kUnpackWarps * 32, stream,
               arguments);
}

template <typename Codec, typename Half>
cudaError_t StartPlanned(const FusedArguments& arguments, const FusedPlan& plan,
                         cudaStream_t stream) {
  switch (plan.kernel) {
    case FusedKernel::kGemv:
      return StartGemvForBatch<Codec, Half>(arguments, plan.splits, stream);
    case FusedKernel::kTensorCore:
      return StartTensorCore<Codec, Half>(arguments, plan.splits, stream);
    case FusedKernel::kUnpack:
      return StartUnpack<Codec, Half>(arguments, plan.splits, stream);
  }
  return cudaErrorInvalidValue;
}

template <typename Codec>
cudaError_t StartFused(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                       cudaStream_t stream) {
  if (type == ActivationType::kFp32) return cudaErrorInvalidValue;
  return type == ActivationType::kBf16 ? StartPlanned<Codec, Bf16>(arguments, plan, stream)
                                       : StartPlanned<Codec, Fp16>(arguments, plan, stream);
}

}  // namespace quantfleet::linear::cuda
