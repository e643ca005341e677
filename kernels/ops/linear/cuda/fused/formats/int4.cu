// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/fused/codecs/int4.cuh"
#include "kernels/ops/linear/cuda/fused/start.cuh"

namespace quantfleet::linear::cuda {

cudaError_t FusedInt4(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                      cudaStream_t stream) {
  return StartFused<Int4Codec>(arguments, type, plan, stream);
}

}  // namespace quantfleet::linear::cuda
