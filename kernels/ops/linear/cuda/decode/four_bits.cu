// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bitsandbytes/fp4.hpp"
#include "kernels/formats/bitsandbytes/fp4_double_quant.hpp"
#include "kernels/formats/bitsandbytes/nf4.hpp"
#include "kernels/formats/little_endian.hpp"
#include "kernels/ops/linear/cuda/decode/families.hpp"
#include "kernels/ops/linear/cuda/decode/out.cuh"
#include "kernels/ops/linear/cuda/dynamic_map.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

// bitsandbytes' 4-bit types: a table of 16 values times the absmax of 64 weights.
namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kRun = 16;  // weights a thread decodes, all under one absmax

struct Nf4Rule {
  static __device__ float At(uint32_t code) { return formats::DecodeNf4(code, 1.0F); }
};
struct Fp4Rule {
  static __device__ float At(uint32_t code) { return formats::DecodeFp4(code, 1.0F); }
};
struct SignedFp4Rule {
  static __device__ float At(uint32_t code) { return formats::DecodeFp4Signed(code, 1.0F); }
};

// fp32 behind the codes.
struct PlainAbsmax {
  static __device__ float Of(const uint8_t* packed, uint64_t weights, uint64_t block) {
    return reinterpret_cast<const float*>(packed + weights / 2)[block];
  }
};

// Two roundings, as formats::DecodeAbsmax. The parts are aligned to nothing.
struct QuantizedAbsmax {
  static __device__ float Of(const uint8_t* packed, uint64_t weights, uint64_t block) {
    const uint64_t blocks = weights / formats::kNf4Block;
    const uint8_t* const absmax8 = packed + weights / 2;
    const uint8_t* const absmax2 = absmax8 + blocks;
    const float scale = __uint_as_float(formats::Load32(absmax2 + block / 256 * sizeof(float)));
    const float offset =
        __uint_as_float(formats::Load32(absmax2 + (blocks + 255) / 256 * sizeof(float)));
    return DynamicMapValue(absmax8[block]) * scale + offset;
  }
};

template <typename Rule, typename Absmax, typename Out>
__global__ void __launch_bounds__(kDecodeThreads)
    DecodeFourBitsKernel(const uint8_t* packed, typename Out::Type* to, uint64_t weights) {
  if constexpr (Out::kCompiled) {
    // 16 floats lie in 16 banks: lanes that read different values never collide.
    __shared__ float table[16];
    if (threadIdx.x < 16) table[threadIdx.x] = Rule::At(threadIdx.x);
    __syncthreads();
    const uint64_t first =
        (static_cast<uint64_t>(blockIdx.x) * kDecodeThreads + threadIdx.x) * kRun;
    if (first >= weights) return;
    const uint2 raw = LoadStreaming(reinterpret_cast<const uint2*>(packed + first / 2));
    const uint32_t words[2] = {raw.x, raw.y};
    const float absmax = Absmax::Of(packed, weights, first / formats::kNf4Block);
    float values[kRun];
#pragma unroll
    for (uint32_t i = 0; i < kRun; ++i) {
      // The first of a byte's two weights lies in its high nibble.
      const uint32_t shift = i % 8 / 2 * 8 + (1 - i % 2) * 4;
      values[i] = table[words[i / 8] >> shift & 15U] * absmax;
    }
    StoreRun(Out(), to + first, values);
  }
}

template <typename Rule, typename Absmax>
cudaError_t DecodeFourBits(const PackedWeights& weights, ActivationType type, void* to,
                           cudaStream_t stream) {
  if (weights.k % formats::kNf4Block != 0) return cudaErrorInvalidValue;
  return WithOut(type, [&](auto out) {
    using Out = decltype(out);
    const uint64_t count = static_cast<uint64_t>(weights.n) * weights.k;
    return Start(DecodeFourBitsKernel<Rule, Absmax, Out>, BlocksFor(count, kDecodeThreads * kRun),
                 kDecodeThreads, stream, weights.packed, static_cast<typename Out::Type*>(to),
                 count);
  });
}

}  // namespace

cudaError_t DecodeNf4(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeFourBits<Nf4Rule, PlainAbsmax>(weights, type, to, stream);
}
cudaError_t DecodeFp4(const PackedWeights& weights, ActivationType type, void* to,
                      cudaStream_t stream) {
  return DecodeFourBits<Fp4Rule, PlainAbsmax>(weights, type, to, stream);
}
cudaError_t DecodeNf4DoubleQuant(const PackedWeights& weights, ActivationType type, void* to,
                                 cudaStream_t stream) {
  return DecodeFourBits<Nf4Rule, QuantizedAbsmax>(weights, type, to, stream);
}
cudaError_t DecodeFp4DoubleQuant(const PackedWeights& weights, ActivationType type, void* to,
                                 cudaStream_t stream) {
  return DecodeFourBits<SignedFp4Rule, QuantizedAbsmax>(weights, type, to, stream);
}

}  // namespace quantfleet::linear::cuda
