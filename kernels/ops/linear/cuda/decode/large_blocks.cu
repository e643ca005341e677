// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/iq/iq2_xxs.hpp"
#include "kernels/formats/gguf/k/q2_k.hpp"
#include "kernels/formats/gguf/k/q3_k.hpp"
#include "kernels/formats/gguf/k/q4_k.hpp"
#include "kernels/formats/gguf/k/q5_k.hpp"
#include "kernels/formats/gguf/k/q6_k.hpp"
#include "kernels/ops/linear/cuda/decode/blocks.cuh"
#include "kernels/ops/linear/cuda/decode/families.hpp"

namespace quantfleet::linear::cuda {

cudaError_t DecodeQ2K(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q2K>(weights, type, to, stream);
}
cudaError_t DecodeQ3K(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q3K>(weights, type, to, stream);
}
cudaError_t DecodeQ4K(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q4K>(weights, type, to, stream);
}
cudaError_t DecodeQ5K(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q5K>(weights, type, to, stream);
}
cudaError_t DecodeQ6K(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeBlocks<formats::Q6K>(weights, type, to, stream);
}
cudaError_t DecodeIq2Xxs(const PackedWeights& weights, ActivationType type, void* to,
                         cudaStream_t stream) {
  return DecodeBlocks<formats::Iq2Xxs>(weights, type, to, stream);
}

}  // namespace quantfleet::linear::cuda
