// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/codecs.cuh"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/plan.hpp"
#include "kernels/ops/linear/cuda/start.cuh"

namespace quantfleet::linear::cuda {
namespace {

constexpr int kThreads = 128;

struct Arguments {
  const uint8_t* codes;
  const float* scales;
  const void* x;
  void* y;
  uint32_t n;
  uint32_t k;
};

// 16 bytes of codes are one chunk. Sums of a chunk are kept apart so that a scale is applied once a
// chunk and not once a weight.
struct Int8Chunk {
  static constexpr uint32_t kWeights = 16;
  static constexpr uint32_t kWeightsPerWord = 4;
  static constexpr bool kBlockScales = false;

  static __device__ uint32_t Prepare(uint32_t word) { return word ^ 0x80808080U; }
  static __device__ float Value(uint32_t word, uint32_t index, const float* table) {
    (void)table;
    return Int8Codec::Value(word, index);
  }
  static __device__ const uint8_t* Address(const uint8_t* codes, uint64_t first) {
    return codes + first;
  }
};

struct Nf4Chunk {
  static constexpr uint32_t kWeights = 32;
  static constexpr uint32_t kWeightsPerWord = 8;
  static constexpr bool kBlockScales = true;

  static __device__ uint32_t Prepare(uint32_t word) { return word; }
  // The first of a byte's two weights lies in its high nibble. 16 floats lie in 16 banks: lanes
  // that read different values never collide.
  static __device__ float Value(uint32_t word, uint32_t index, const float* table) {
    const uint32_t shift = index / 2 * 8 + (1 - index % 2) * 4;
    return table[word >> shift & 15U];
  }
  static __device__ const uint8_t* Address(const uint8_t* codes, uint64_t first) {
    return codes + first / 2;
  }
};

// Sums of one chunk for each token.
template <typename Chunk, typename Half, int kBatch>
__device__ void AddChunk(const uint4& raw, const typename Half::Type* x, uint32_t k,
                         const float* table, float (&sums)[kBatch]) {
  const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
  constexpr uint32_t kPairsPerWord = Chunk::kWeightsPerWord / 2;
#pragma unroll
  for (uint32_t w = 0; w < 4; ++w) {
    const uint32_t word = Chunk::Prepare(words[w]);
    float values[Chunk::kWeightsPerWord];
#pragma unroll
    for (uint32_t i = 0; i < Chunk::kWeightsPerWord; ++i) {
      values[i] = Chunk::Value(word, i, table);
    }
#pragma unroll
    for (int token = 0; token < kBatch; ++token) {
      const auto* row = x + static_cast<uint64_t>(token) * k + w * Chunk::kWeightsPerWord;
      uint32_t pairs[kPairsPerWord];
      if constexpr (kPairsPerWord == 4) {
        const uint4 loaded = __ldg(reinterpret_cast<const uint4*>(row));
        pairs[0] = loaded.x;
        pairs[1] = loaded.y;
        pairs[2] = loaded.z;
        pairs[3] = loaded.w;
      } else {
        const uint2 loaded = __ldg(reinterpret_cast<const uint2*>(row));
        pairs[0] = loaded.x;
        pairs[1] = loaded.y;
      }
#pragma unroll
      for (uint32_t i = 0; i < kPairsPerWord; ++i) {
        const float2 two = Half::Unpack(pairs[i]);
        sums[token] = fmaf(values[2 * i], two.x, sums[token]);
        sums[token] = fmaf(values[2 * i + 1], two.y, sums[token]);
      }
    }
  }
}

// kLanes neighbouring threads a row, each every kLanes-th chunk of it.
template <typename Chunk, typename Half, int kBatch, int kLanes>
__global__ void __launch_bounds__(kThreads) GemvKernel(Arguments arguments) {
  if constexpr (Half::kCompiled) {
    __shared__ float table[16];
    if constexpr (Chunk::kBlockScales) {
      if (threadIdx.x < 16) table[threadIdx.x] = formats::DecodeNf4(threadIdx.x, 1.0F);
      __syncthreads();
    }
    const uint32_t lane = threadIdx.x % kLanes;
    const uint32_t row = blockIdx.x * (kThreads / kLanes) + threadIdx.x / kLanes;
    // A warp stays whole for the reduction: rows past the end read the last one.
    const uint32_t read_row = min(row, arguments.n - 1);
    const uint64_t start = static_cast<uint64_t>(read_row) * arguments.k;
    const auto* x = static_cast<const typename Half::Type*>(arguments.x);
    float sums[kBatch] = {};
#pragma unroll 2
    for (uint32_t first = lane * Chunk::kWeights; first < arguments.k;
         first += kLanes * Chunk::kWeights) {
      const uint4 raw = LoadStreaming(
          reinterpret_cast<const uint4*>(Chunk::Address(arguments.codes, start + first)));
      if constexpr (Chunk::kBlockScales) {
        const float scale = arguments.scales[(start + first) / formats::kNf4Block];
        float chunk[kBatch] = {};
        AddChunk<Chunk, Half, kBatch>(raw, x + first, arguments.k, table, chunk);
#pragma unroll
        for (int token = 0; token < kBatch; ++token) sums[token] += chunk[token] * scale;
      } else {
        AddChunk<Chunk, Half, kBatch>(raw, x + first, arguments.k, table, sums);
      }
    }
    auto* y = static_cast<typename Half::Type*>(arguments.y);
#pragma unroll
    for (int token = 0; token < kBatch; ++token) {
      float sum = sums[token];
#pragma unroll
      for (int distance = kLanes / 2; distance > 0; distance /= 2) {
        sum += __shfl_xor_sync(0xFFFFFFFFU, sum, distance);
      }
      if constexpr (!Chunk::kBlockScales) sum *= arguments.scales[read_row];
      if (lane == 0 && row < arguments.n) {
        y[static_cast<uint64_t>(token) * arguments.n + row] = Half::Round(sum);
      }
    }
  }
}

template <typename Chunk, typename Half, int kBatch, int kLanes>
cudaError_t Launch(const FusedCall& call, cudaStream_t stream) {
  const PackedWeights& weights = call.weights;
  const Arguments arguments = {weights.codes, reinterpret_cast<const float*>(weights.scales),
                               call.x,        call.y,
                               weights.n,     weights.k};
  constexpr uint32_t kRowsPerBlock = kThreads / kLanes;
  return Start(GemvKernel<Chunk, Half, kBatch, kLanes>,
               dim3((weights.n + kRowsPerBlock - 1) / kRowsPerBlock), kThreads, stream, arguments);
}

template <typename Chunk, typename Half>
cudaError_t LaunchForBatch(const FusedCall& call, cudaStream_t stream) {
  const bool few = GemvLanes(call.weights.k, Chunk::kWeights) == 8;
  if (call.batch == 1) {
    return few ? Launch<Chunk, Half, 1, 8>(call, stream) : Launch<Chunk, Half, 1, 32>(call, stream);
  }
  if (call.batch == 2) {
    return few ? Launch<Chunk, Half, 2, 8>(call, stream) : Launch<Chunk, Half, 2, 32>(call, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t LaunchGemv(const FusedCall& call, cudaStream_t stream) {
  const bool int8 = call.weights.format == WeightFormat::kInt8;
  if (call.half == HalfType::kBf16) {
    return int8 ? LaunchForBatch<Int8Chunk, Bf16>(call, stream)
                : LaunchForBatch<Nf4Chunk, Bf16>(call, stream);
  }
  return int8 ? LaunchForBatch<Int8Chunk, Fp16>(call, stream)
              : LaunchForBatch<Nf4Chunk, Fp16>(call, stream);
}

}  // namespace quantfleet::linear::cuda
