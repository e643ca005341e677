// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/cuda/eight.cuh"
#include "kernels/ops/attention/cuda/launch.hpp"
#include "kernels/ops/attention/cuda/rows.cuh"
#include "kernels/ops/linear/cuda/mma.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

// Attention in tiles with a running softmax, after Dao, "FlashAttention-2" (2023): a block has 64
// rows, 16 a warp, and passes over the keys once; scores never leave the registers. Rows are
// queries times the heads that share a head of the cache. Codes become fp16 without their scales,
// which is exact; scales are applied to scores and weights in fp32.
namespace quantfleet::attention::cuda {
namespace {

constexpr uint32_t kThreads = 128;
constexpr uint32_t kBlockRows = 64;
constexpr uint32_t kWarpRows = 16;
constexpr float kLog2E = 1.4426950408889634F;

// kWidth: the head dimension, rounded up to 64, 128 or 256; what is beyond is zero.
template <uint32_t kWidth>
struct Tile {
  static constexpr uint32_t kKeys = kWidth <= 128 ? 64 : 32;
  static constexpr uint32_t kSteps = kWidth / 16;   // of 16 values, along a score's sum
  static constexpr uint32_t kColumns = kWidth / 8;  // of 8 values, along an output
  static constexpr uint32_t kScores = kKeys / 8;    // of 8 keys
  // Words of two halves. Rows are 4 banks apart, so that a warp's 8 rows of 4 words never collide.
  static constexpr uint32_t kKeyStride = kWidth / 2 + 4;
  static constexpr uint32_t kValueStride = kKeys / 2 + 4;
  // Query fragments stay in registers where there is room.
  static constexpr bool kKeepQueries = kWidth <= 128;
};

template <KvCode kCode>
__device__ void DecodePairs(const uint8_t* from, bool inside, uint32_t (&pairs)[4]) {
  if (!inside) {
    pairs[0] = pairs[1] = pairs[2] = pairs[3] = 0;
    return;
  }
  Eight<kCode> raw;
  raw.Load(from);
  if constexpr (kCode == KvCode::kFp16) {
    pairs[0] = raw.raw.x;
    pairs[1] = raw.raw.y;
    pairs[2] = raw.raw.z;
    pairs[3] = raw.raw.w;
  } else {
    float values[kEight];
    raw.Values(values);
#pragma unroll
    for (int i = 0; i < 4; ++i) pairs[i] = Fp16::Pack(values[2 * i], values[2 * i + 1]);
  }
}

// Keys as rows of words, for the B operand of Q K^T.
template <KvCode kCode, uint32_t kWidth>
__device__ void FillKeys(const AttendArguments& a, uint64_t vector, uint32_t token, uint32_t end,
                         uint32_t* keys) {
  using T = Tile<kWidth>;
  constexpr uint32_t kUnits = kWidth / kEight;
  for (uint32_t at = threadIdx.x; at < T::kKeys * kUnits; at += kThreads) {
    const uint32_t key = at / kUnits;
    const uint32_t first = at % kUnits * kEight;
    const uint64_t from = (vector + token + key) * BytesOf<kCode>(a.head_dimension);
    uint32_t pairs[4];
    DecodePairs<kCode>(a.cache.keys + from + BytesOf<kCode>(first),
                       token + key < end && first < a.head_dimension, pairs);
#pragma unroll
    for (uint32_t i = 0; i < 4; ++i) keys[key * T::kKeyStride + first / 2 + i] = pairs[i];
  }
}

// Values transposed, two keys a word, for the B operand of P V. Neighbouring threads take
// neighbouring keys, so that their words lie in different banks.
template <KvCode kCode, uint32_t kWidth>
__device__ void FillValues(const AttendArguments& a, uint64_t vector, uint32_t token, uint32_t end,
                           uint32_t* values) {
  using T = Tile<kWidth>;
  constexpr uint32_t kUnits = kWidth / kEight;
  constexpr uint32_t kPairs = T::kKeys / 2;
  for (uint32_t at = threadIdx.x; at < kPairs * kUnits; at += kThreads) {
    const uint32_t pair = at % kPairs;
    const uint32_t first = at / kPairs * kEight;
    const uint32_t key = token + 2 * pair;
    const uint32_t stride = BytesOf<kCode>(a.head_dimension);
    const uint8_t* const from = a.cache.values + (vector + key) * stride + BytesOf<kCode>(first);
    const bool inside = first < a.head_dimension;
    uint32_t even[4];
    uint32_t odd[4];
    DecodePairs<kCode>(from, inside && key < end, even);
    DecodePairs<kCode>(from + stride, inside && key + 1 < end, odd);
#pragma unroll
    for (uint32_t i = 0; i < 4; ++i) {
      values[(first + 2 * i) * T::kValueStride + pair] = __byte_perm(even[i], odd[i], 0x5410U);
      values[(first + 2 * i + 1) * T::kValueStride + pair] = __byte_perm(even[i], odd[i], 0x7632U);
    }
  }
}

// What a lane has of its warp's 16 rows: two of them, g = lane / 4 and g + 8.
struct LaneRows {
  const uint32_t* queries[2];
  uint64_t offset[2];
  bool inside[2];
  TokenRange visible[2];
};

__device__ LaneRows RowsOfLane(const AttendArguments& a, const Rows& rows, uint32_t first_row) {
  LaneRows lane_rows;
#pragma unroll
  for (uint32_t i = 0; i < 2; ++i) {
    const uint32_t row = first_row + threadIdx.x / 32 * kWarpRows + threadIdx.x % 32 / 4 + 8 * i;
    lane_rows.inside[i] = row < rows.count;
    // Rows past the end compute the last one again and write nothing.
    const uint32_t read = min(row, rows.count - 1);
    lane_rows.offset[i] = rows.Offset(a, read);
    lane_rows.visible[i] = rows.Visible(a, read);
    lane_rows.queries[i] = reinterpret_cast<const uint32_t*>(
        static_cast<const Fp16::Type*>(a.queries) + lane_rows.offset[i]);
  }
  return lane_rows;
}

// A operand of Q K^T: 16 rows, 16 values from 16 * step on.
__device__ void LoadQueries(const AttendArguments& a, const LaneRows& rows, uint32_t step,
                            uint32_t (&fragment)[4]) {
  const uint32_t word = 8 * step + threadIdx.x % 4;
  const bool inside = 16 * step < a.head_dimension;
  fragment[0] = inside ? __ldg(rows.queries[0] + word) : 0;
  fragment[1] = inside ? __ldg(rows.queries[1] + word) : 0;
  fragment[2] = inside ? __ldg(rows.queries[0] + word + 4) : 0;
  fragment[3] = inside ? __ldg(rows.queries[1] + word + 4) : 0;
}

// Scores of a tile to weights, with the running maximum and sum of the lane's two rows. Returns by
// how much former outputs shrink.
template <uint32_t kWidth>
__device__ void Soften(const LaneRows& rows, uint32_t token, const float* key_scales,
                       float (&scores)[Tile<kWidth>::kScores][4], float (&maximum)[2],
                       float (&sum)[2], float (&correction)[2]) {
  const uint32_t column = threadIdx.x % 4 * 2;
#pragma unroll
  for (uint32_t i = 0; i < 2; ++i) {
    float largest = maximum[i];
#pragma unroll
    for (uint32_t n = 0; n < Tile<kWidth>::kScores; ++n) {
#pragma unroll
      for (uint32_t j = 0; j < 2; ++j) {
        const uint32_t key = 8 * n + column + j;
        float& score = scores[n][2 * i + j];
        const bool seen = token + key >= rows.visible[i].begin && token + key < rows.visible[i].end;
        score = seen ? score * key_scales[key] : kNoMaximum;
        largest = fmaxf(largest, score);
      }
    }
    largest = fmaxf(largest, __shfl_xor_sync(0xFFFFFFFFU, largest, 1));
    largest = fmaxf(largest, __shfl_xor_sync(0xFFFFFFFFU, largest, 2));
    correction[i] = exp2f(maximum[i] - largest);
    maximum[i] = largest;
    float total = 0;
#pragma unroll
    for (uint32_t n = 0; n < Tile<kWidth>::kScores; ++n) {
#pragma unroll
      for (uint32_t j = 0; j < 2; ++j) {
        float& score = scores[n][2 * i + j];
        score = score > kNoMaximum ? exp2f(score - largest) : 0.0F;
        total += score;
      }
    }
    // The other lanes' parts are added once, at the end.
    sum[i] = sum[i] * correction[i] + total;
  }
}

template <KvCode kCode, uint32_t kWidth>
__global__ void __launch_bounds__(kThreads) PrefillKernel(AttendArguments a, float scale) {
  using T = Tile<kWidth>;
  __shared__ uint32_t keys[T::kKeys * T::kKeyStride];
  __shared__ uint32_t values[kWidth * T::kValueStride];
  __shared__ float key_scales[T::kKeys];
  __shared__ float value_scales[T::kKeys];
  const Rows rows(a, blockIdx.y);
  const uint32_t first_row = blockIdx.x * kBlockRows;
  const LaneRows lane_rows = RowsOfLane(a, rows, first_row);
  const uint32_t last_row = min(first_row + kBlockRows, rows.count) - 1;
  const TokenRange all = {rows.Visible(a, first_row).begin, rows.Visible(a, last_row).end};
  const uint64_t vector = rows.FirstVector(a);
  const uint32_t row_of_b = threadIdx.x % 32 / 4;
  const uint32_t word_of_b = threadIdx.x % 4;

  uint32_t queries[T::kKeepQueries ? T::kSteps : 1][4];
  if constexpr (T::kKeepQueries) {
#pragma unroll
    for (uint32_t step = 0; step < T::kSteps; ++step) {
      LoadQueries(a, lane_rows, step, queries[step]);
    }
  }
  float output[T::kColumns][4] = {};
  float maximum[2] = {kNoMaximum, kNoMaximum};
  float sum[2] = {};
  for (uint32_t token = all.begin; token < all.end; token += T::kKeys) {
    __syncthreads();
    FillKeys<kCode, kWidth>(a, vector, token, all.end, keys);
    FillValues<kCode, kWidth>(a, vector, token, all.end, values);
    for (uint32_t key = threadIdx.x; key < T::kKeys; key += kThreads) {
      const uint64_t at = vector + min(token + key, all.end - 1);
      key_scales[key] = ScaleOf<kCode>(a.cache.key_scales, at) * scale;
      value_scales[key] = ScaleOf<kCode>(a.cache.value_scales, at) / Eight<kCode>::kFactor;
    }
    __syncthreads();

    float scores[T::kScores][4] = {};
#pragma unroll
    for (uint32_t step = 0; step < T::kSteps; ++step) {
      if constexpr (!T::kKeepQueries) LoadQueries(a, lane_rows, step, queries[0]);
      const auto& fragment = queries[T::kKeepQueries ? step : 0];
#pragma unroll
      for (uint32_t n = 0; n < T::kScores; ++n) {
        const uint32_t* const at = keys + (8 * n + row_of_b) * T::kKeyStride + 8 * step + word_of_b;
        const uint32_t b[2] = {at[0], at[4]};
        linear::cuda::MultiplyAccumulate(Fp16(), scores[n], fragment, b);
      }
    }
    float correction[2];
    Soften<kWidth>(lane_rows, token, key_scales, scores, maximum, sum, correction);
#pragma unroll
    for (uint32_t n = 0; n < T::kColumns; ++n) {
#pragma unroll
      for (uint32_t j = 0; j < 4; ++j) output[n][j] *= correction[j / 2];
    }
    // Two neighbouring tiles of scores are one A operand of 16 keys.
#pragma unroll
    for (uint32_t step = 0; step < T::kScores / 2; ++step) {
      uint32_t weights[4];
#pragma unroll
      for (uint32_t part = 0; part < 2; ++part) {
        const float(&tile)[4] = scores[2 * step + part];
        const float* const of_key = value_scales + 16 * step + 8 * part + 2 * word_of_b;
        weights[2 * part] = Fp16::Pack(tile[0] * of_key[0], tile[1] * of_key[1]);
        weights[2 * part + 1] = Fp16::Pack(tile[2] * of_key[0], tile[3] * of_key[1]);
      }
#pragma unroll
      for (uint32_t n = 0; n < T::kColumns; ++n) {
        const uint32_t* const at =
            values + (8 * n + row_of_b) * T::kValueStride + 8 * step + word_of_b;
        const uint32_t b[2] = {at[0], at[4]};
        linear::cuda::MultiplyAccumulate(Fp16(), output[n], weights, b);
      }
    }
  }

#pragma unroll
  for (uint32_t i = 0; i < 2; ++i) {
    float total = sum[i] + __shfl_xor_sync(0xFFFFFFFFU, sum[i], 1);
    total += __shfl_xor_sync(0xFFFFFFFFU, total, 2);
    const float factor = Eight<kCode>::kFactor / total;
    auto* const to =
        reinterpret_cast<uint32_t*>(static_cast<Fp16::Type*>(a.output) + lane_rows.offset[i]);
#pragma unroll
    for (uint32_t n = 0; n < T::kColumns; ++n) {
      if (!lane_rows.inside[i] || 8 * n >= a.head_dimension) continue;
      to[4 * n + word_of_b] = Fp16::Pack(output[n][2 * i] * factor, output[n][2 * i + 1] * factor);
    }
  }
}

template <KvCode kCode, uint32_t kWidth>
cudaError_t Launch(const AttendArguments& a, cudaStream_t stream) {
  const uint32_t rows = a.query_heads / a.key_value_heads * a.query_tokens;
  const dim3 grid((rows + kBlockRows - 1) / kBlockRows, a.batch * a.key_value_heads);
  const float scale = kLog2E / sqrtf(static_cast<float>(a.head_dimension));
  return linear::cuda::Start(PrefillKernel<kCode, kWidth>, grid, kThreads, stream, a, scale);
}

template <KvCode kCode>
cudaError_t LaunchForWidth(const AttendArguments& a, cudaStream_t stream) {
  if (a.head_dimension <= 64) return Launch<kCode, 64>(a, stream);
  if (a.head_dimension <= 128) return Launch<kCode, 128>(a, stream);
  if (a.head_dimension <= 256) return Launch<kCode, 256>(a, stream);
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t LaunchPrefill(KvCode code, const AttendArguments& arguments, cudaStream_t stream) {
  switch (code) {
    case KvCode::kFp16:
      return LaunchForWidth<KvCode::kFp16>(arguments, stream);
    case KvCode::kFp8E4m3:
      return LaunchForWidth<KvCode::kFp8E4m3>(arguments, stream);
    case KvCode::kInt8:
      return LaunchForWidth<KvCode::kInt8>(arguments, stream);
    case KvCode::kInt4:
      return LaunchForWidth<KvCode::kInt4>(arguments, stream);
    case KvCode::kFp32:
      break;
  }
  return cudaErrorInvalidValue;
}

}  // namespace quantfleet::attention::cuda
