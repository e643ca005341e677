// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/legacy/q4_0.hpp"
#include "kernels/formats/gguf/legacy/q4_1.hpp"
#include "kernels/formats/gguf/legacy/q5_0.hpp"
#include "kernels/formats/gguf/legacy/q5_1.hpp"
#include "kernels/formats/gguf/legacy/q8_0.hpp"
#include "kernels/formats/microscaling/mxfp4.hpp"
#include "kernels/formats/microscaling/nvfp4.hpp"
#include "kernels/ops/linear/cuda/decode/blocks.cuh"
#include "kernels/ops/linear/cuda/decode/families.hpp"

namespace quantfleet::linear::cuda {

cudaError_t DecodeQ80(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q80>(weights, type, to, stream);
}
cudaError_t DecodeQ40(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q40>(weights, type, to, stream);
}
cudaError_t DecodeQ41(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q41>(weights, type, to, stream);
}
cudaError_t DecodeQ50(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q50>(weights, type, to, stream);
}
cudaError_t DecodeQ51(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q51>(weights, type, to, stream);
}
cudaError_t DecodeMxfp4(const PackedWeights& weights, ActivationType type, void* to,
                        cudaStream_t stream) {
  return DecodeBlocks<formats::Mxfp4>(weights, type, to, stream);
}
cudaError_t DecodeNvfp4(const PackedWeights& weights, ActivationType type, void* to,
                        cudaStream_t stream) {
  return DecodeBlocks<formats::Nvfp4>(weights, type, to, stream);
}

}  // namespace quantfleet::linear::cuda
