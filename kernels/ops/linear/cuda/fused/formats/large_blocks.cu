// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/fused/codecs/large_blocks.cuh"
#include "kernels/ops/linear/cuda/fused/start.cuh"

namespace quantfleet::linear::cuda {

cudaError_t FusedQ2K(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q2KCodec>(arguments, type, plan, stream);
}
cudaError_t FusedQ3K(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q3KCodec>(arguments, type, plan, stream);
}
cudaError_t FusedQ4K(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q4KCodec>(arguments, type, plan, stream);
}
cudaError_t FusedQ5K(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q5KCodec>(arguments, type, plan, stream);
}
cudaError_t FusedQ6K(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<Q6KCodec>(arguments, type, plan, stream);
}

}  // namespace quantfleet::linear::cuda
