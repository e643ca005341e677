// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int4/awq_int4.hpp"
#include "kernels/ops/linear/cuda/decode/families.hpp"
#include "kernels/ops/linear/cuda/decode/out.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

// The layouts of AWQ and GPTQ run along the rows of the output; a tile of them is turned in shared
// memory so that both sides are read and written in whole pieces.
namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kTile = 64;    // rows and columns of the tile
constexpr uint32_t kGroup = 128;  // columns that share a scale
constexpr uint32_t kPitch = kTile + 1;

struct Int4Matrix {
  const uint32_t* words;
  const uint32_t* zeros;
  const __half* scales;
  const uint32_t* groups;  // of each column, with act-order
  uint32_t n;
  uint32_t k;
};

// Zero as it is subtracted; one rounding, exact in fp32 (q - zero takes 5 bits, the scale 11).
__device__ float Weight(const Int4Matrix& matrix, uint32_t row, uint32_t group, uint32_t code,
                        uint32_t zero) {
  const float scale = __half2float(matrix.scales[static_cast<uint64_t>(group) * matrix.n + row]);
  return static_cast<float>(static_cast<int32_t>(code) - static_cast<int32_t>(zero)) * scale;
}

// A word holds 8 rows of one column.
struct AwqWords {
  static __device__ void Turn(const Int4Matrix& matrix, float* tile) {
    const uint32_t words = matrix.n / 8;
    for (uint32_t i = threadIdx.x; i < kTile * kTile / 8; i += kDecodeThreads) {
      const uint32_t column = blockIdx.y * kTile + i / (kTile / 8);
      const uint32_t place = blockIdx.x * (kTile / 8) + i % (kTile / 8);
      if (place >= words) continue;
      const uint32_t word = matrix.words[static_cast<uint64_t>(column) * words + place];
      const uint32_t group = column / kGroup;
      const uint32_t zeros = matrix.zeros[static_cast<uint64_t>(group) * words + place];
#pragma unroll
      for (uint32_t row = 0; row < 8; ++row) {
        const uint32_t shift = 4 * formats::AwqNibble(row);
        tile[(i % (kTile / 8) * 8 + row) * kPitch + i / (kTile / 8)] =
            Weight(matrix, place * 8 + row, group, word >> shift & 15U, zeros >> shift & 15U);
      }
    }
  }
};

// A word holds 8 columns of one row; zeros are stored less 1. With act-order each column looks its
// group up.
struct GptqWords {
  static __device__ void Turn(const Int4Matrix& matrix, float* tile) {
    for (uint32_t i = threadIdx.x; i < kTile * kTile / 8; i += kDecodeThreads) {
      const uint32_t row = blockIdx.x * kTile + i % kTile;
      const uint32_t first = blockIdx.y * kTile + i / kTile * 8;
      if (row >= matrix.n) continue;
      const uint32_t word = matrix.words[static_cast<uint64_t>(first / 8) * matrix.n + row];
#pragma unroll
      for (uint32_t j = 0; j < 8; ++j) {
        const uint32_t group = GroupOf(matrix, first + j);
        const uint64_t zero_word = static_cast<uint64_t>(group) * (matrix.n / 8) + row / 8;
        const uint32_t zero = (matrix.zeros[zero_word] >> (4 * (row % 8)) & 15U) + 1;
        tile[i % kTile * kPitch + i / kTile * 8 + j] =
            Weight(matrix, row, group, word >> (4 * j) & 15U, zero);
      }
    }
  }
  static __device__ uint32_t GroupOf(const Int4Matrix& matrix, uint32_t column) {
    if (matrix.groups == nullptr) return column / kGroup;
    return min(matrix.groups[column], matrix.k / kGroup - 1);
  }
};

template <typename Words, typename Out>
__global__ void __launch_bounds__(kDecodeThreads)
    DecodeInt4Kernel(Int4Matrix matrix, typename Out::Type* to) {
  if constexpr (Out::kCompiled) {
    __shared__ float tile[kTile * kPitch];
    Words::Turn(matrix, tile);
    __syncthreads();
    for (uint32_t i = threadIdx.x; i < kTile * kTile / 8; i += kDecodeThreads) {
      const uint32_t row = blockIdx.x * kTile + i / (kTile / 8);
      if (row >= matrix.n) continue;
      float values[8];
#pragma unroll
      for (uint32_t j = 0; j < 8; ++j) {
        values[j] = tile[i / (kTile / 8) * kPitch + i % (kTile / 8) * 8 + j];
      }
      const uint32_t column = blockIdx.y * kTile + i % (kTile / 8) * 8;
      StoreRun(Out(), to + static_cast<uint64_t>(row) * matrix.k + column, values);
    }
  }
}

template <typename Words>
cudaError_t DecodeInt4(const PackedWeights& weights, bool act_order, ActivationType type, void* to,
                       cudaStream_t stream) {
  const auto [packed, n, k] = weights;
  if (k % kGroup != 0 || n % 8 != 0) return cudaErrorInvalidValue;
  const uint64_t groups = k / kGroup;
  Int4Matrix matrix = {reinterpret_cast<const uint32_t*>(packed), nullptr, nullptr, nullptr, n, k};
  matrix.zeros = matrix.words + static_cast<uint64_t>(k) * (n / 8);
  matrix.scales = reinterpret_cast<const __half*>(matrix.zeros + groups * (n / 8));
  if (act_order) matrix.groups = reinterpret_cast<const uint32_t*>(matrix.scales + groups * n);
  return WithOut(type, [&](auto out) {
    using Out = decltype(out);
    return Start(DecodeInt4Kernel<Words, Out>, dim3((n + kTile - 1) / kTile, k / kTile),
                 kDecodeThreads, stream, matrix, static_cast<typename Out::Type*>(to));
  });
}

}  // namespace

cudaError_t DecodeAwqInt4(const PackedWeights& weights, ActivationType type, void* to,
                          cudaStream_t stream) {
  return DecodeInt4<AwqWords>(weights, false, type, to, stream);
}
cudaError_t DecodeGptqInt4(const PackedWeights& weights, ActivationType type, void* to,
                           cudaStream_t stream) {
  return DecodeInt4<GptqWords>(weights, false, type, to, stream);
}
cudaError_t DecodeGptqInt4ActOrder(const PackedWeights& weights, ActivationType type, void* to,
                                   cudaStream_t stream) {
  return DecodeInt4<GptqWords>(weights, true, type, to, stream);
}

}  // namespace quantfleet::linear::cuda
