// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/fused/codecs/small_blocks.cuh"
#include "kernels/ops/linear/cuda/fused/start.cuh"

namespace quantfleet::linear::cuda {

cudaError_t FusedQ80(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q80Codec>(arguments, type, plan, stream);
}
cudaError_t FusedQ40(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q40Codec>(arguments, type, plan, stream);
}
cudaError_t FusedQ41(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q41Codec>(arguments, type, plan, stream);
}
cudaError_t FusedQ50(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q50Codec>(arguments, type, plan, stream);
}
cudaError_t FusedQ51(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q51Codec>(arguments, type, plan, stream);
}

}  // namespace quantfleet::linear::cuda
