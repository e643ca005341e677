// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include "kernels/ops/attention/cuda/eight.cuh"
#include "kernels/ops/attention/cuda/launch.hpp"
#include "kernels/ops/attention/cuda/rows.cuh"
#include "kernels/ops/linear/cuda/start.cuh"

namespace quantfleet::attention::cuda {
namespace {

constexpr uint32_t kThreads = 128;
// Tokens that a group of lanes has under way at once.
constexpr uint32_t kAhead = 4;
constexpr float kLog2E = 1.4426950408889634F;

// Blocks that are to fit on a multiprocessor: leaves 128 or 168 registers a thread, enough that
// nothing spills on any architecture. Left to itself ptxas spills for sm_120.
constexpr uint32_t BlocksOf(uint32_t rows) {
  return rows == 4 ? 3 : 4;
}

// fp32 beside fp32, fp16 beside all other codes.
template <KvCode kCode>
using Activation = std::conditional_t<kCode == KvCode::kFp32, float, Fp16::Type>;

inline __device__ float Widen(float value) {
  return value;
}
inline __device__ float Widen(Fp16::Type value) {
  return __half2float(value);
}
inline __device__ void Narrow(float value, float* to) {
  *to = value;
}
inline __device__ void Narrow(float value, Fp16::Type* to) {
  *to = __float2half_rn(value);
}

// A running softmax of kRows rows; each lane has eight values of every output.
template <uint32_t kRows>
struct Running {
  float queries[kRows][kEight];
  float output[kRows][kEight];
  float maximum[kRows];
  float sum[kRows];
};

// Exponents are those of 2: the queries were multiplied with log2(e).
template <KvCode kCode, uint32_t kRows>
__device__ void AddTokens(const Eight<kCode> (&values)[kAhead], const float (&scales)[kAhead],
                          const float (&scores)[kRows][kAhead], Running<kRows>& running) {
  float weights[kRows][kAhead];
#pragma unroll
  for (uint32_t row = 0; row < kRows; ++row) {
    float maximum = running.maximum[row];
#pragma unroll
    for (uint32_t j = 0; j < kAhead; ++j) maximum = fmaxf(maximum, scores[row][j]);
    const float correction = exp2f(running.maximum[row] - maximum);
    running.maximum[row] = maximum;
    running.sum[row] *= correction;
#pragma unroll
    for (uint32_t j = 0; j < kAhead; ++j) {
      // Without this a row that has seen nothing yet would count what it must not see.
      const float weight = scores[row][j] > kNoMaximum ? exp2f(scores[row][j] - maximum) : 0.0F;
      running.sum[row] += weight;
      weights[row][j] = weight * scales[j];
    }
#pragma unroll
    for (uint32_t i = 0; i < kEight; ++i) running.output[row][i] *= correction;
  }
#pragma unroll
  for (uint32_t j = 0; j < kAhead; ++j) {
    float of_token[kEight];
    values[j].Values(of_token);
#pragma unroll
    for (uint32_t row = 0; row < kRows; ++row) {
#pragma unroll
      for (uint32_t i = 0; i < kEight; ++i) {
        running.output[row][i] = fmaf(weights[row][j], of_token[i], running.output[row][i]);
      }
    }
  }
}

// Merges the groups of lanes of a block and writes kRows rows: to the output, or as partial
// results.
template <KvCode kCode, uint32_t kLanes, uint32_t kRows>
__device__ void Finish(const AttendArguments& a, const Rows& rows, uint32_t first_row,
                       const Running<kRows>& running) {
  constexpr uint32_t kGroups = kThreads / kLanes;
  constexpr uint32_t kWidth = kLanes * kEight;
  __shared__ float outputs[kGroups * kRows * kWidth];
  __shared__ float maxima[kGroups * kRows];
  __shared__ float sums[kGroups * kRows];
  const uint32_t group = threadIdx.x / kLanes;
  const uint32_t lane = threadIdx.x % kLanes;
#pragma unroll
  for (uint32_t row = 0; row < kRows; ++row) {
    const uint32_t at = group * kRows + row;
#pragma unroll
    for (uint32_t i = 0; i < kEight; ++i) {
      outputs[at * kWidth + lane * kEight + i] = running.output[row][i];
    }
    if (lane == 0) {
      maxima[at] = running.maximum[row];
      sums[at] = running.sum[row];
    }
  }
  __syncthreads();
  const uint32_t dimension = a.head_dimension;
  for (uint32_t at = threadIdx.x; at < kRows * dimension; at += kThreads) {
    const uint32_t row = at / dimension;
    const uint32_t i = at % dimension;
    if (first_row + row >= rows.count) break;
    float maximum = kNoMaximum;
    for (uint32_t g = 0; g < kGroups; ++g) maximum = fmaxf(maximum, maxima[g * kRows + row]);
    float sum = 0;
    float value = 0;
    for (uint32_t g = 0; g < kGroups; ++g) {
      const float weight = exp2f(maxima[g * kRows + row] - maximum);
      sum += weight * sums[g * kRows + row];
      value += weight * outputs[(g * kRows + row) * kWidth + i];
    }
    const uint64_t offset = rows.Offset(a, first_row + row);
    if (a.splits == 1) {
      Narrow(value / sum, static_cast<Activation<kCode>*>(a.output) + offset + i);
      continue;
    }
    float* const partial =
        a.partials + (offset / dimension * a.splits + blockIdx.y) * (dimension + 2);
    partial[i] = value;
    if (i == 0) {
      partial[dimension] = maximum;
      partial[dimension + 1] = sum;
    }
  }
}

template <KvCode kCode, uint32_t kRows>
__device__ void LoadQueries(const AttendArguments& a, const Rows& rows, uint32_t first_row,
                            uint32_t first, float scale, Running<kRows>& running) {
  const auto* const queries = static_cast<const Activation<kCode>*>(a.queries);
#pragma unroll
  for (uint32_t row = 0; row < kRows; ++row) {
    running.maximum[row] = kNoMaximum;
    running.sum[row] = 0;
    // Rows past the end compute the last one again and write nothing.
    const uint64_t offset = rows.Offset(a, min(first_row + row, rows.count - 1));
#pragma unroll
    for (uint32_t i = 0; i < kEight; ++i) {
      running.output[row][i] = 0;
      // Lanes past the vector's end hold zeros.
      running.queries[row][i] =
          first < a.head_dimension ? Widen(queries[offset + first + i]) * scale : 0.0F;
    }
  }
}

// blockIdx.x: a head of the cache and kRows rows of it; blockIdx.y: a run of the tokens. kLanes
// neighbouring threads share a token, eight values each.
template <KvCode kCode, uint32_t kLanes, uint32_t kRows>
__global__ void __launch_bounds__(kThreads, BlocksOf(kRows))
    SplitKvKernel(AttendArguments a, float scale) {
  constexpr uint32_t kGroups = kThreads / kLanes;
  const uint32_t all_rows = a.query_heads / a.key_value_heads * a.query_tokens;
  const uint32_t row_blocks = (all_rows + kRows - 1) / kRows;
  const Rows rows(a, blockIdx.x / row_blocks);
  const uint32_t first_row = blockIdx.x % row_blocks * kRows;
  const uint32_t last_row = min(first_row + kRows, rows.count) - 1;
  const uint32_t first = threadIdx.x % kLanes * kEight;
  Running<kRows> running;
  LoadQueries<kCode>(a, rows, first_row, first, scale, running);
  TokenRange visible[kRows];
#pragma unroll
  for (uint32_t row = 0; row < kRows; ++row) {
    visible[row] = rows.Visible(a, min(first_row + row, last_row));
  }
  const TokenRange all = {visible[0].begin, visible[kRows - 1].end};
  const uint64_t length = all.end - all.begin;
  const uint32_t begin = all.begin + static_cast<uint32_t>(length * blockIdx.y / a.splits);
  const uint32_t end = all.begin + static_cast<uint32_t>(length * (blockIdx.y + 1) / a.splits);
  const uint64_t vector = rows.FirstVector(a);
  const uint32_t stride = BytesOf<kCode>(a.head_dimension);
  // Lanes past the vector's end read its beginning, for their zeros to be multiplied with.
  const uint32_t byte = first < a.head_dimension ? BytesOf<kCode>(first) : 0;

  // All lanes of a warp go round equally often, as the shuffles demand.
  for (uint32_t round = begin; round < end; round += kGroups * kAhead) {
    Eight<kCode> keys[kAhead];
    Eight<kCode> values[kAhead];
    uint32_t tokens[kAhead];
#pragma unroll
    for (uint32_t j = 0; j < kAhead; ++j) {
      tokens[j] = round + j * kGroups + threadIdx.x / kLanes;
      const uint64_t at = (vector + min(tokens[j], end - 1)) * stride + byte;
      keys[j].Load(a.cache.keys + at);
      values[j].Load(a.cache.values + at);
    }
    float scores[kRows][kAhead];
    float value_scales[kAhead];
#pragma unroll
    for (uint32_t j = 0; j < kAhead; ++j) {
      float of_token[kEight];
      keys[j].Values(of_token);
      const uint64_t at = vector + min(tokens[j], end - 1);
      const float key_scale = ScaleOf<kCode>(a.cache.key_scales, at);
      value_scales[j] = ScaleOf<kCode>(a.cache.value_scales, at);
#pragma unroll
      for (uint32_t row = 0; row < kRows; ++row) {
        float score = 0;
#pragma unroll
        for (uint32_t i = 0; i < kEight; ++i) {
          score = fmaf(running.queries[row][i], of_token[i], score);
        }
#pragma unroll
        for (uint32_t distance = kLanes / 2; distance > 0; distance /= 2) {
          score += __shfl_xor_sync(0xFFFFFFFFU, score, static_cast<int>(distance));
        }
        const bool seen =
            tokens[j] < end && tokens[j] >= visible[row].begin && tokens[j] < visible[row].end;
        scores[row][j] = seen ? score * key_scale : kNoMaximum;
      }
    }
    AddTokens<kCode, kRows>(values, value_scales, scores, running);
  }
  Finish<kCode, kLanes, kRows>(a, rows, first_row, running);
}

// One block a row of the output.
template <KvCode kCode>
__global__ void __launch_bounds__(kThreads) MergeKernel(AttendArguments a) {
  const uint32_t dimension = a.head_dimension;
  const float* const partials =
      a.partials + static_cast<uint64_t>(blockIdx.x) * a.splits * (dimension + 2);
  float maximum = kNoMaximum;
  for (uint32_t split = 0; split < a.splits; ++split) {
    maximum = fmaxf(maximum, partials[split * (dimension + 2) + dimension]);
  }
  auto* const output = static_cast<Activation<kCode>*>(a.output);
  for (uint32_t i = threadIdx.x; i < dimension; i += kThreads) {
    float sum = 0;
    float value = 0;
    for (uint32_t split = 0; split < a.splits; ++split) {
      const float* const partial = partials + split * (dimension + 2);
      const float weight = exp2f(partial[dimension] - maximum);
      sum += weight * partial[dimension + 1];
      value += weight * partial[i];
    }
    Narrow(value / sum, output + static_cast<uint64_t>(blockIdx.x) * dimension + i);
  }
}

template <KvCode kCode, uint32_t kLanes, uint32_t kRows>
cudaError_t Launch(const AttendArguments& a, cudaStream_t stream) {
  const uint32_t rows = a.query_heads / a.key_value_heads * a.query_tokens;
  const dim3 grid(a.batch * a.key_value_heads * ((rows + kRows - 1) / kRows), a.splits);
  const float scale = kLog2E / sqrtf(static_cast<float>(a.head_dimension));
  const cudaError_t error =
      linear::cuda::Start(SplitKvKernel<kCode, kLanes, kRows>, grid, kThreads, stream, a, scale);
  if (error != cudaSuccess || a.splits == 1) return error;
  return linear::cuda::Start(MergeKernel<kCode>, dim3(a.batch * a.query_tokens * a.query_heads),
                             kThreads, stream, a);
}

template <KvCode kCode, uint32_t kLanes>
cudaError_t LaunchForRows(const AttendArguments& a, cudaStream_t stream) {
  const uint32_t rows = a.query_heads / a.key_value_heads * a.query_tokens;
  if (rows == 1) return Launch<kCode, kLanes, 1>(a, stream);
  if (rows == 2) return Launch<kCode, kLanes, 2>(a, stream);
  return Launch<kCode, kLanes, 4>(a, stream);
}

template <KvCode kCode>
cudaError_t LaunchForDimension(const AttendArguments& a, cudaStream_t stream) {
  if (a.head_dimension <= 64) return LaunchForRows<kCode, 8>(a, stream);
  if (a.head_dimension <= 128) return LaunchForRows<kCode, 16>(a, stream);
  if (a.head_dimension <= 256) return LaunchForRows<kCode, 32>(a, stream);
  return cudaErrorInvalidValue;
}

}  // namespace

cudaError_t LaunchSplitKv(KvCode code, const AttendArguments& arguments, cudaStream_t stream) {
  switch (code) {
    case KvCode::kFp32:
      return LaunchForDimension<KvCode::kFp32>(arguments, stream);
    case KvCode::kFp16:
      return LaunchForDimension<KvCode::kFp16>(arguments, stream);
    case KvCode::kFp8E4m3:
      return LaunchForDimension<KvCode::kFp8E4m3>(arguments, stream);
    case KvCode::kInt8:
      return LaunchForDimension<KvCode::kInt8>(arguments, stream);
    case KvCode::kInt4:
      return LaunchForDimension<KvCode::kInt4>(arguments, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace quantfleet::attention::cuda
