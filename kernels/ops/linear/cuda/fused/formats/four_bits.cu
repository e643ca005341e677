// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/fused/codecs/plain.cuh"
#include "kernels/ops/linear/cuda/fused/start.cuh"

namespace quantfleet::linear::cuda {

cudaError_t FusedNf4(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<FourBitCodec<Nf4Values>>(arguments, type, plan, stream);
}
cudaError_t FusedFp4(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                     cudaStream_t stream) {
  return StartFused<FourBitCodec<Fp4Values>>(arguments, type, plan, stream);
}
cudaError_t FusedNf4DoubleQuant(const FusedArguments& arguments, ActivationType type,
                                const FusedPlan& plan, cudaStream_t stream) {
  return StartFused<DoubleQuantCodec<Nf4Values>>(arguments, type, plan, stream);
}
cudaError_t FusedFp4DoubleQuant(const FusedArguments& arguments, ActivationType type,
                                const FusedPlan& plan, cudaStream_t stream) {
  return StartFused<DoubleQuantCodec<Fp4Values>>(arguments, type, plan, stream);
}

}  // namespace quantfleet::linear::cuda
