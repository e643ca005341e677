// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/ieee/fp8_e4m3.hpp"
#include "kernels/formats/ieee/fp8_e5m2.hpp"
#include "kernels/formats/int8/int8.hpp"
#include "kernels/formats/int8/llm_int8.hpp"
#include "kernels/formats/little_endian.hpp"
#include "kernels/ops/linear/cuda/decode/families.hpp"
#include "kernels/ops/linear/cuda/decode/out.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

// Formats with one byte a weight: all of them, then the scales of the rows.
namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kRun = 16;  // weights a thread decodes, all under one scale

// Weights of one byte, then one fp32 a row.
struct Int8Byte {
  static __device__ float Decode(uint32_t byte, float scale) {
    return formats::DecodeInt8(static_cast<int8_t>(byte), scale);
  }
};
struct LlmInt8Byte {
  static __device__ float Decode(uint32_t byte, float scale) {
    return formats::DecodeLlmInt8(static_cast<int8_t>(byte), scale);
  }
};
struct Fp8E4m3Byte {
  static __device__ float Decode(uint32_t byte, float scale) {
    return formats::DecodeFp8E4m3(static_cast<uint8_t>(byte)) * scale;
  }
};
struct Fp8E5m2Byte {
  static __device__ float Decode(uint32_t byte, float scale) {
    return formats::DecodeFp8E5m2(static_cast<uint8_t>(byte)) * scale;
  }
};

// Needs k to be a multiple of kRun.
template <typename Byte, typename Out>
__global__ void __launch_bounds__(kDecodeThreads)
    DecodeBytesKernel(const uint8_t* codes, const float* scales, typename Out::Type* to,
                      uint64_t weights, uint32_t k) {
  if constexpr (Out::kCompiled) {
    const uint64_t first =
        (static_cast<uint64_t>(blockIdx.x) * kDecodeThreads + threadIdx.x) * kRun;
    if (first >= weights) return;
    const uint4 raw = LoadStreaming(reinterpret_cast<const uint4*>(codes + first));
    const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
    const float scale = scales[first / k];
    float values[kRun];
#pragma unroll
    for (uint32_t i = 0; i < kRun; ++i) {
      values[i] = Byte::Decode(words[i / 4] >> (i % 4 * 8) & 0xFFU, scale);
    }
    StoreRun(Out(), to + first, values);
  }
}

// Any k: rows need not start on a boundary, scales need not be aligned. Slow and rare.
template <typename Byte, typename Out>
__global__ void __launch_bounds__(kDecodeThreads)
    DecodeBytesScalarKernel(const uint8_t* codes, const uint8_t* scales, typename Out::Type* to,
                            uint64_t weights, uint32_t k) {
  if constexpr (Out::kCompiled) {
    const uint64_t i = static_cast<uint64_t>(blockIdx.x) * kDecodeThreads + threadIdx.x;
    if (i >= weights) return;
    const uint32_t bits = formats::Load32(scales + i / k * sizeof(float));
    to[i] = Out::Round(Byte::Decode(codes[i], __uint_as_float(bits)));
  }
}

template <typename Byte>
cudaError_t DecodeBytes(const PackedWeights& weights, ActivationType type, void* to,
                        cudaStream_t stream) {
  const uint64_t count = static_cast<uint64_t>(weights.n) * weights.k;
  const uint8_t* scales = weights.packed + count;
  return WithOut(type, [&](auto out) {
    using Out = decltype(out);
    auto* values = static_cast<typename Out::Type*>(to);
    if (weights.k % kRun == 0) {
      return Start(DecodeBytesKernel<Byte, Out>, BlocksFor(count, kDecodeThreads * kRun),
                   kDecodeThreads, stream, weights.packed, reinterpret_cast<const float*>(scales),
                   values, count, weights.k);
    }
    return Start(DecodeBytesScalarKernel<Byte, Out>, BlocksFor(count, kDecodeThreads),
                 kDecodeThreads, stream, weights.packed, scales, values, count, weights.k);
  });
}

}  // namespace

cudaError_t DecodeInt8(const PackedWeights& weights, ActivationType type, void* to,
                       cudaStream_t stream) {
  return DecodeBytes<Int8Byte>(weights, type, to, stream);
}
cudaError_t DecodeLlmInt8(const PackedWeights& weights, ActivationType type, void* to,
                          cudaStream_t stream) {
  return DecodeBytes<LlmInt8Byte>(weights, type, to, stream);
}
cudaError_t DecodeFp8E4m3(const PackedWeights& weights, ActivationType type, void* to,
                          cudaStream_t stream) {
  return DecodeBytes<Fp8E4m3Byte>(weights, type, to, stream);
}
cudaError_t DecodeFp8E5m2(const PackedWeights& weights, ActivationType type, void* to,
                          cudaStream_t stream) {
  return DecodeBytes<Fp8E5m2Byte>(weights, type, to, stream);
}

}  // namespace quantfleet::linear::cuda
