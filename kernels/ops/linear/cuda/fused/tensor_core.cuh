// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/fused/codecs/integers.cuh"
#include "kernels/ops/linear/cuda/fused/finish.cuh"
#include "kernels/ops/linear/cuda/fused/gemv.cuh"
#include "kernels/ops/linear/cuda/mma.cuh"

namespace quantfleet::linear::cuda {

inline constexpr uint32_t kMmaColumns = 8;

// Output of one block: 16 * kTilesM rows by 8 * kTilesN tokens. Its warps share it and split k;
// each keeps kDepth steps of weights on their way.
template <typename CodecType, typename HalfType, int kTilesMValue, int kTilesNValue,
          int kWarpsValue, int kDepthValue>
struct Tile {
  using Codec = CodecType;
  using Half = HalfType;
  static constexpr int kTilesM = kTilesMValue;
  static constexpr int kTilesN = kTilesNValue;
  static constexpr int kWarps = kWarpsValue;
  static constexpr int kDepth = kDepthValue;
  static constexpr uint32_t kRows = kTileRows * kTilesM;
  static constexpr uint32_t kColumns = kMmaColumns * kTilesN;
  static constexpr uint32_t kSumBytes = kRows * kColumns * kWarps * sizeof(float);
  // Blocks a multiprocessor holds at least: as many as registers allow without spills.
  static constexpr int kBlocksAtOnce = kTilesM == 1 || kWarps == 4 ? 2 : 1;
  static constexpr uint32_t kSharedBytes =
      kSumBytes > Codec::kTableBytes ? kSumBytes : Codec::kTableBytes;
};

// What a lane needs of the weights for one step.
template <typename T>
struct Slice {
  typename T::Codec::Raw rows[T::kTilesM][2];
};

template <typename T>
class TensorCoreWork {
 public:
  using Codec = typename T::Codec;
  using Half = typename T::Half;

  __device__ TensorCoreWork(const FusedArguments& arguments, const uint32_t* table)
      : arguments_(arguments), table_(table), lane_(threadIdx.x % 32) {}

  __device__ void Load(uint32_t step, Slice<T>& slice) const {
#pragma unroll
    for (uint32_t m = 0; m < T::kTilesM; ++m) {
#pragma unroll
      for (uint32_t half = 0; half < 2; ++half) {
        Codec::Load(PlanesOf(arguments_), PlaceOf(step, m, half), slice.rows[m][half]);
      }
    }
  }

  __device__ void Multiply(uint32_t step, const Slice<T>& slice) {
    const uint32_t unit = step * kStepUnits + lane_ % 4;
#pragma unroll
    for (int run = 0; run < 2; ++run) {
      uint32_t pairs[T::kTilesM][2][8];
#pragma unroll
      for (uint32_t m = 0; m < T::kTilesM; ++m) {
        Weights(slice.rows[m][0], PlaceOf(step, m, 0), run, pairs[m][0]);
        Weights(slice.rows[m][1], PlaceOf(step, m, 1), run, pairs[m][1]);
      }
#pragma unroll
      for (int tile = 0; tile < T::kTilesN; ++tile) {
        const uint32_t token = blockIdx.y * T::kColumns + tile * kMmaColumns + lane_ / 4;
        // Or the compiler loads the activations of the whole tile at once and spills.
        if constexpr (T::kTilesN >= 8) {
          if (tile > 0 && tile % 4 == 0) __syncwarp();
        }
        uint32_t x[8];
        LoadActivations<Half, (T::kTilesN >= 8)>(arguments_, min(token, arguments_.batch - 1),
                                                 unit * kUnitWeights + run * 16, x);
#pragma unroll
        for (int m = 0; m < T::kTilesM; ++m) MultiplyTile(pairs[m], x, sums_[m][tile]);
      }
    }
  }

  // Leaves this warp's sums in shared memory as [column][row].
  __device__ void Store(float* shared) const {
#pragma unroll
    for (int m = 0; m < T::kTilesM; ++m) {
#pragma unroll
      for (int tile = 0; tile < T::kTilesN; ++tile) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const uint32_t row = m * kTileRows + lane_ / 4 + (i / 2) * 8;
          const uint32_t column = tile * kMmaColumns + lane_ % 4 * 2 + i % 2;
          shared[column * T::kRows + row] = sums_[m][tile][i];
        }
      }
    }
  }

 private:
  __device__ Place PlaceOf(uint32_t step, uint32_t m, uint32_t half) const {
    // A tile past the end reads the last one; its sums are never stored.
    const uint32_t tile = min(blockIdx.x * T::kTilesM + m, (arguments_.n - 1) / kTileRows);
    return {tile, half * 8 + lane_ / 4, step, lane_ % 4};
  }
  // Decoded weights: scales that change along k are applied here, rounded to 16 bits.
  __device__ void Weights(const typename Codec::Raw& raw, const Place& place, int run,
                          uint32_t (&pairs)[8]) const {
    Codec::template Codes<Half>(raw, run, table_, pairs);
    if constexpr (Codec::kScaling == Scaling::kRun) {
      const uint32_t scale = Both<Half>(Codec::Scale(PlanesOf(arguments_), raw, place, run));
      uint32_t minimum = 0;
      if constexpr (Codec::kHasMinimum)
        minimum = Both<Half>(-Codec::Minimum(PlanesOf(arguments_), raw, place, run));
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        pairs[i] = Codec::kHasMinimum ? Half::MultiplyAdd(pairs[i], scale, minimum)
                                      : Half::Multiply(pairs[i], scale);
      }
    }
  }

  static __device__ void MultiplyTile(const uint32_t (&pairs)[2][8], const uint32_t (&x)[8],
                                      float (&sums)[4]) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const uint32_t a[4] = {pairs[0][2 * i], pairs[1][2 * i], pairs[0][2 * i + 1],
                             pairs[1][2 * i + 1]};
      const uint32_t b[2] = {x[2 * i], x[2 * i + 1]};
      MultiplyAccumulate(Half(), sums, a, b);
    }
  }

  const FusedArguments& arguments_;
  const uint32_t* table_;
  uint32_t lane_;
  float sums_[T::kTilesM][T::kTilesN][4] = {};
};

// Steps `begin`, `begin` + `stride`, ... with kDepth of them on their way. The widest tile has no
// registers left for that: its warps wait in turn while the others multiply.
template <typename T>
__device__ void MultiplySteps(TensorCoreWork<T>& work, uint32_t begin, uint32_t stride,
                              uint32_t steps) {
  if constexpr (T::kDepth == 0) {
    for (uint32_t step = begin; step < steps; step += stride) {
      Slice<T> now;
      work.Load(step, now);
      work.Multiply(step, now);
    }
  } else {
    Slice<T> ring[T::kDepth];
#pragma unroll
    for (int i = 0; i < T::kDepth; ++i) {
      const uint32_t step = begin + i * stride;
      if (step < steps) work.Load(step, ring[i]);
    }
    for (uint32_t base = begin; base < steps; base += stride * T::kDepth) {
#pragma unroll
      for (int i = 0; i < T::kDepth; ++i) {
        const uint32_t step = base + i * stride;
        if (step >= steps) break;
        const Slice<T> now = ring[i];
        const uint32_t later = step + stride * T::kDepth;
        if (later < steps) work.Load(later, ring[i]);
        work.Multiply(step, now);
      }
    }
  }
}

template <typename T>
__global__ void __launch_bounds__(T::kWarps * 32, T::kBlocksAtOnce)
    TensorCoreKernel(FusedArguments arguments) {
  if constexpr (T::Half::kCompiled) {
    __shared__ uint4 memory[T::kSharedBytes / sizeof(uint4)];
    auto* table = reinterpret_cast<uint32_t*>(memory);
    auto* shared = reinterpret_cast<float*>(memory);
    T::Codec::template FillTable<typename T::Half>(table);
    __syncthreads();

    const uint32_t warp = threadIdx.x / 32;
    const uint32_t stride = T::kWarps * gridDim.z;
    const uint32_t begin = blockIdx.z * T::kWarps + warp;
    TensorCoreWork<T> work(arguments, table);
    MultiplySteps(work, begin, stride, arguments.steps);
    // The table is no longer needed; its memory takes the sums.
    __syncthreads();
    work.Store(shared + warp * T::kRows * T::kColumns);
    __syncthreads();
    Finish<typename T::Codec, typename T::Half, T::kRows, T::kColumns>(arguments, shared);
  }
}

}  // namespace quantfleet::linear::cuda
