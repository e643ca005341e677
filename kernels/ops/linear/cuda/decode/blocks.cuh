// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/decode/out.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

namespace quantfleet::linear::cuda {

// Decodes any format of consecutive blocks by the block's own Decode, the one the host uses. A
// thread block takes 4096 weights: their bytes come to shared memory 16 at a time (blocks of 17 or
// 210 bytes are aligned to nothing), then each thread decodes 8 neighbouring weights at once, so
// that what they share of a block is read once and stores are whole.
inline constexpr uint32_t kSpan = 4096;
inline constexpr uint32_t kDecodeRun = 8;

template <typename Block>
__device__ void BringBytes(const uint8_t* packed, uint64_t total, uint8_t* shared) {
  constexpr uint32_t kBytes = kSpan / Block::kBlock * Block::kBytes;
  static_assert(kBytes % sizeof(uint4) == 0);
  const uint64_t start = static_cast<uint64_t>(blockIdx.x) * kBytes;
  const uint64_t left = total - start;
  const uint32_t bytes = left < kBytes ? static_cast<uint32_t>(left) : kBytes;
  const uint32_t words = bytes / sizeof(uint4);
  for (uint32_t i = threadIdx.x; i < words; i += kDecodeThreads) {
    reinterpret_cast<uint4*>(shared)[i] =
        LoadStreaming(reinterpret_cast<const uint4*>(packed + start) + i);
  }
  for (uint32_t i = words * sizeof(uint4) + threadIdx.x; i < bytes; i += kDecodeThreads) {
    shared[i] = packed[start + i];
  }
}

template <typename Block, typename Out>
__global__ void __launch_bounds__(kDecodeThreads)
    DecodeBlocksKernel(const uint8_t* packed, typename Out::Type* to, uint64_t weights) {
  if constexpr (Out::kCompiled) {
    __shared__ uint4 memory[kSpan / Block::kBlock * Block::kBytes / sizeof(uint4)];
    auto* shared = reinterpret_cast<uint8_t*>(memory);
    BringBytes<Block>(packed, weights / Block::kBlock * Block::kBytes, shared);
    __syncthreads();
    const uint64_t start = static_cast<uint64_t>(blockIdx.x) * kSpan;
#pragma unroll 1
    for (uint32_t part = 0; part < kSpan; part += kDecodeThreads * kDecodeRun) {
      const uint32_t first = part + threadIdx.x * kDecodeRun;
      if (start + first >= weights) return;
      const uint8_t* block = shared + first / Block::kBlock * Block::kBytes;
      float values[kDecodeRun];
#pragma unroll
      for (uint32_t i = 0; i < kDecodeRun; ++i) {
        values[i] = Block::Decode(block, first % Block::kBlock + i);
      }
      StoreRun(Out(), to + start + first, values);
    }
  }
}

template <typename Block>
cudaError_t DecodeBlocks(const PackedWeights& weights, ActivationType type, void* to,
                         cudaStream_t stream) {
  static_assert(Block::kBlock % kDecodeRun == 0 && kSpan % Block::kBlock == 0);
  return WithOut(type, [&](auto out) {
    using Out = decltype(out);
    const uint64_t count = static_cast<uint64_t>(weights.n) * weights.k;
    if (weights.k % Block::kBlock != 0) return cudaErrorInvalidValue;
    return Start(DecodeBlocksKernel<Block, Out>, BlocksFor(count, kSpan), kDecodeThreads, stream,
                 weights.packed, static_cast<typename Out::Type*>(to), count);
  });
}

}  // namespace quantfleet::linear::cuda
