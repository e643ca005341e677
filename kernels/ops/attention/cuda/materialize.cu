// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/cuda/eight.cuh"
#include "kernels/ops/attention/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/start.cuh"

namespace quantfleet::attention::cuda {
namespace {

constexpr uint32_t kThreads = 256;

// One thread for eight values.
template <KvCode kCode>
__global__ void __launch_bounds__(kThreads)
    MaterializeKernel(const uint8_t* codes, const uint16_t* scales, uint64_t count,
                      uint32_t head_dimension, uint4* to) {
  const uint64_t at = static_cast<uint64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= count) return;
  Eight<kCode> raw;
  raw.Load(codes + at * BytesOf<kCode>(kEight));
  float values[kEight];
  raw.Values(values);
  const float scale = ScaleOf<kCode>(scales, at * kEight / head_dimension);
  uint32_t pairs[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    pairs[i] = Fp16::Pack(values[2 * i] * scale, values[2 * i + 1] * scale);
  }
  to[at] = {pairs[0], pairs[1], pairs[2], pairs[3]};
}

template <KvCode kCode>
cudaError_t Launch(const uint8_t* codes, const uint16_t* scales, uint64_t vectors,
                   uint32_t head_dimension, void* to, cudaStream_t stream) {
  const uint64_t count = vectors * (head_dimension / kEight);
  const dim3 grid(static_cast<uint32_t>((count + kThreads - 1) / kThreads));
  return linear::cuda::Start(MaterializeKernel<kCode>, grid, kThreads, stream, codes, scales, count,
                             head_dimension, static_cast<uint4*>(to));
}

}  // namespace

cudaError_t LaunchMaterialize(KvCode code, const uint8_t* codes, const uint16_t* scales,
                              uint64_t vectors, uint32_t head_dimension, void* to,
                              cudaStream_t stream) {
  switch (code) {
    case KvCode::kFp8E4m3:
      return Launch<KvCode::kFp8E4m3>(codes, scales, vectors, head_dimension, to, stream);
    case KvCode::kInt8:
      return Launch<KvCode::kInt8>(codes, scales, vectors, head_dimension, to, stream);
    case KvCode::kInt4:
      return Launch<KvCode::kInt4>(codes, scales, vectors, head_dimension, to, stream);
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace quantfleet::attention::cuda
