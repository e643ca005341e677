// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/fused/codecs/plain.cuh"
#include "kernels/ops/linear/cuda/fused/start.cuh"

namespace quantfleet::linear::cuda {

cudaError_t FusedInt8(const FusedArguments& arguments, ActivationType type, const FusedPlan& plan,
                      cudaStream_t stream) {
  return StartFused<Int8Codec>(arguments, type, plan, stream);
}
cudaError_t FusedFp8E4m3(const FusedArguments& arguments, ActivationType type,
                         const FusedPlan& plan, cudaStream_t stream) {
  return StartFused<Fp8Codec<3>>(arguments, type, plan, stream);
}
cudaError_t FusedFp8E5m2(const FusedArguments& arguments, ActivationType type,
                         const FusedPlan& plan, cudaStream_t stream) {
  return StartFused<Fp8Codec<2>>(arguments, type, plan, stream);
}

}  // namespace quantfleet::linear::cuda
