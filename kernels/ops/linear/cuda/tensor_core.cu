// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/codecs.cuh"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/mma.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint32_t kStep = 64;  // k that a warp handles at once: four lanes of 16 weights a row
constexpr uint32_t kRows = 16;  // rows of an mma tile
constexpr uint32_t kColumns = 8;

struct Arguments {
  const uint8_t* codes;
  const float* scales;
  const void* x;
  void* y;
  uint32_t n;
  uint32_t k;
  uint32_t batch;
};

// Tile of one block: 16 * kTilesM rows by 8 * kTilesN tokens. Its warps share the tile and split k;
// each keeps kDepth steps of weights on their way, and for narrow tiles the activations as well.
template <typename CodecType, typename HalfType, int kTilesMValue, int kTilesNValue,
          int kWarpsValue, int kDepthValue>
struct Tile {
  using Codec = CodecType;
  using Half = HalfType;
  static constexpr int kTilesM = kTilesMValue;
  static constexpr int kTilesN = kTilesNValue;
  static constexpr int kWarps = kWarpsValue;
  static constexpr int kDepth = kDepthValue;
  static constexpr bool kPrefetchX = kTilesN <= 2;
  static constexpr uint32_t kTileRows = kRows * kTilesM;
  static constexpr uint32_t kTileColumns = kColumns * kTilesN;
  static constexpr uint32_t kSumBytes = kTileRows * kTileColumns * kWarps * sizeof(float);
  // Blocks a multiprocessor holds at least: as many as registers allow without spills.
  static constexpr int kBlocksAtOnce = kTilesM == 1 || kWarps == 4 ? 2 : 1;
  static constexpr uint32_t kSharedBytes =
      kSumBytes > Codec::kTableBytes ? kSumBytes : Codec::kTableBytes;
};

// What a lane needs for one step.
template <typename T>
struct Slice {
  typename T::Codec::Raw weights[T::kTilesM][2];
  float scales[T::kTilesM][2];
  uint4 x[T::kPrefetchX ? T::kTilesN : 1][2];
};

template <typename T>
class WarpWork {
 public:
  __device__ WarpWork(const Arguments& arguments, const uint32_t* table)
      : arguments_(arguments), table_(table), lane_(threadIdx.x % 32) {
#pragma unroll
    for (int m = 0; m < T::kTilesM; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        // Rows past the end read the last row; their sums are never stored.
        const uint32_t row = blockIdx.x * T::kTileRows + m * kRows + half * 8 + lane_ / 4;
        rows_[m][half] = min(row, arguments.n - 1);
      }
    }
  }

  __device__ void Load(uint32_t step, Slice<T>& slice) const {
    const uint32_t first = step * kStep + lane_ % 4 * 16;
    // Only int8 rows can end within a step: nf4 wants k to be a multiple of 64.
    const bool inside = first < arguments_.k;
#pragma unroll
    for (int m = 0; m < T::kTilesM; ++m) {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const uint64_t start = static_cast<uint64_t>(rows_[m][half]) * arguments_.k;
        slice.weights[m][half] =
            inside ? T::Codec::Load(arguments_.codes, start + first) : typename T::Codec::Raw{};
        if constexpr (T::Codec::kBlockScales) {
          slice.scales[m][half] = inside ? arguments_.scales[start / kStep + step] : 0.0F;
        }
      }
    }
    if constexpr (T::kPrefetchX) {
#pragma unroll
      for (int tile = 0; tile < T::kTilesN; ++tile) LoadX(step, tile, slice.x[tile]);
    }
  }

  __device__ void Multiply(uint32_t step, const Slice<T>& slice) {
    uint32_t pairs[T::kTilesM][2][8];
#pragma unroll
    for (int m = 0; m < T::kTilesM; ++m) {
      T::Codec::template Pairs<typename T::Half>(slice.weights[m][0], table_, pairs[m][0]);
      T::Codec::template Pairs<typename T::Half>(slice.weights[m][1], table_, pairs[m][1]);
    }
#pragma unroll
    for (int tile = 0; tile < T::kTilesN; ++tile) {
      uint4 x[2];
      if constexpr (T::kPrefetchX) {
        x[0] = slice.x[tile][0];
        x[1] = slice.x[tile][1];
      } else {
        LoadX(step, tile, x);
      }
      const uint32_t words[8] = {x[0].x, x[0].y, x[0].z, x[0].w, x[1].x, x[1].y, x[1].z, x[1].w};
#pragma unroll
      for (int m = 0; m < T::kTilesM; ++m) {
        MultiplyTile(pairs[m], words, slice.scales[m], sums_[m][tile]);
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
          const uint32_t row = m * kRows + lane_ / 4 + (i / 2) * 8;
          const uint32_t column = tile * kColumns + lane_ % 4 * 2 + i % 2;
          shared[column * T::kTileRows + row] = sums_[m][tile][i];
        }
      }
    }
  }

 private:
  __device__ void LoadX(uint32_t step, int tile, uint4 (&x)[2]) const {
    const uint32_t first = step * kStep + lane_ % 4 * 16;
    const uint32_t token = blockIdx.y * T::kTileColumns + tile * kColumns + lane_ / 4;
    const uint64_t start = static_cast<uint64_t>(min(token, arguments_.batch - 1)) * arguments_.k;
    const auto* half = static_cast<const typename T::Half::Type*>(arguments_.x);
    const auto* address = reinterpret_cast<const uint4*>(half + start + first);
    const bool inside = first < arguments_.k;
    x[0] = inside ? __ldg(address) : uint4{};
    x[1] = inside ? __ldg(address + 1) : uint4{};
  }

  static __device__ void MultiplyTile(const uint32_t (&pairs)[2][8], const uint32_t (&words)[8],
                                      const float (&scales)[2], float (&sums)[4]) {
    float block[4] = {0, 0, 0, 0};
    float(&target)[4] = T::Codec::kBlockScales ? block : sums;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const uint32_t a[4] = {pairs[0][2 * i], pairs[1][2 * i], pairs[0][2 * i + 1],
                             pairs[1][2 * i + 1]};
      const uint32_t b[2] = {words[2 * i], words[2 * i + 1]};
      MultiplyAccumulate(typename T::Half(), target, a, b);
    }
    if constexpr (T::Codec::kBlockScales) {
#pragma unroll
      for (int i = 0; i < 4; ++i) sums[i] += block[i] * scales[i / 2];
    }
  }

  const Arguments& arguments_;
  const uint32_t* table_;
  uint32_t lane_;
  uint32_t rows_[T::kTilesM][2];
  float sums_[T::kTilesM][T::kTilesN][4] = {};
};

// Adds the warps' sums and writes the tile, neighbouring threads on neighbouring rows.
template <typename T>
__device__ void WriteTile(const Arguments& arguments, const float* shared) {
  constexpr uint32_t kValues = T::kTileRows * T::kTileColumns;
  auto* y = static_cast<typename T::Half::Type*>(arguments.y);
  for (uint32_t i = threadIdx.x; i < kValues; i += T::kWarps * 32) {
    const uint32_t row = blockIdx.x * T::kTileRows + i % T::kTileRows;
    const uint32_t token = blockIdx.y * T::kTileColumns + i / T::kTileRows;
    if (row >= arguments.n || token >= arguments.batch) continue;
    float sum = 0;
#pragma unroll
    for (int warp = 0; warp < T::kWarps; ++warp) sum += shared[warp * kValues + i];
    if constexpr (!T::Codec::kBlockScales) sum *= arguments.scales[row];
    y[static_cast<uint64_t>(token) * arguments.n + row] = T::Half::Round(sum);
  }
}

template <typename T>
__global__ void __launch_bounds__(T::kWarps * 32, T::kBlocksAtOnce)
    TensorCoreKernel(Arguments arguments) {
  if constexpr (T::Half::kCompiled) {
    __shared__ uint4 memory[T::kSharedBytes / sizeof(uint4)];
    auto* table = reinterpret_cast<uint32_t*>(memory);
    auto* shared = reinterpret_cast<float*>(memory);
    T::Codec::template FillTable<typename T::Half>(table);
    __syncthreads();

    const uint32_t warp = threadIdx.x / 32;
    const uint32_t steps = (arguments.k + kStep - 1) / kStep;
    WarpWork<T> work(arguments, table);
    Slice<T> ring[T::kDepth];
#pragma unroll
    for (int i = 0; i < T::kDepth; ++i) {
      const uint32_t step = warp + i * T::kWarps;
      if (step < steps) work.Load(step, ring[i]);
    }
    for (uint32_t base = warp; base < steps; base += T::kWarps * T::kDepth) {
#pragma unroll
      for (int i = 0; i < T::kDepth; ++i) {
        const uint32_t step = base + i * T::kWarps;
        if (step >= steps) break;
        const Slice<T> now = ring[i];
        const uint32_t later = step + T::kWarps * T::kDepth;
        if (later < steps) work.Load(later, ring[i]);
        work.Multiply(step, now);
      }
    }
    // The table is no longer needed; its memory takes the sums.
    __syncthreads();
    work.Store(shared + warp * T::kTileRows * T::kTileColumns);
    __syncthreads();
    WriteTile<T>(arguments, shared);
  }
}

template <typename T>
cudaError_t Launch(const FusedCall& call, cudaStream_t stream) {
  const PackedWeights& weights = call.weights;
  const Arguments arguments = {weights.codes, reinterpret_cast<const float*>(weights.scales),
                               call.x,        call.y,
                               weights.n,     weights.k,
                               call.batch};
  const dim3 grid((weights.n + T::kTileRows - 1) / T::kTileRows,
                  (call.batch + T::kTileColumns - 1) / T::kTileColumns);
  return Start(TensorCoreKernel<T>, grid, T::kWarps * 32, stream, arguments);
}

// Wider tiles decode a weight once for more tokens; narrow ones leave registers for depth: 64 bytes
// of weights a lane on their way.
template <typename Codec, typename Half>
cudaError_t LaunchForBatch(const FusedCall& call, cudaStream_t stream) {
  constexpr int kDeep = 32 / sizeof(typename Codec::Raw);
  if (call.batch <= 8) return Launch<Tile<Codec, Half, 1, 1, 8, kDeep>>(call, stream);
  if (call.batch <= 16) return Launch<Tile<Codec, Half, 1, 2, 8, 2>>(call, stream);
  if (call.batch <= 32) return Launch<Tile<Codec, Half, 2, 4, 8, 2>>(call, stream);
  return Launch<Tile<Codec, Half, 2, 8, 4, 1>>(call, stream);
}

}  // namespace

cudaError_t LaunchTensorCore(const FusedCall& call, cudaStream_t stream) {
  const bool int8 = call.weights.format == WeightFormat::kInt8;
  if (call.half == HalfType::kBf16) {
    return int8 ? LaunchForBatch<Int8Codec, Bf16>(call, stream)
                : LaunchForBatch<Nf4Codec, Bf16>(call, stream);
  }
  return int8 ? LaunchForBatch<Int8Codec, Fp16>(call, stream)
              : LaunchForBatch<Nf4Codec, Fp16>(call, stream);
}

}  // namespace quantfleet::linear::cuda
