// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/ops/attention/kv_cache.hpp"
#include "kernels/ops/linear/cuda/halves.cuh"

namespace quantfleet::attention::cuda {

using linear::cuda::Fp16;

inline constexpr uint32_t kEight = 8;

// Eight neighbouring codes of a vector as loaded, and the floats they stand for: times the vector's
// scale and kFactor they are the values.
template <KvCode kCode>
struct Eight;

template <>
struct Eight<KvCode::kFp32> {
  static constexpr uint32_t kBits = 32;
  static constexpr float kFactor = 1.0F;
  uint4 low;
  uint4 high;
  __device__ void Load(const uint8_t* from) {
    low = __ldcs(reinterpret_cast<const uint4*>(from));
    high = __ldcs(reinterpret_cast<const uint4*>(from) + 1);
  }
  __device__ void Values(float (&to)[kEight]) const {
    const uint32_t words[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int i = 0; i < 8; ++i) to[i] = __uint_as_float(words[i]);
  }
};

template <>
struct Eight<KvCode::kFp16> {
  static constexpr uint32_t kBits = 16;
  static constexpr float kFactor = 1.0F;
  uint4 raw;
  __device__ void Load(const uint8_t* from) { raw = __ldcs(reinterpret_cast<const uint4*>(from)); }
  __device__ void Values(float (&to)[kEight]) const {
    const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float2 pair = Fp16::Unpack(words[i]);
      to[2 * i] = pair.x;
      to[2 * i + 1] = pair.y;
    }
  }
};

// Exponent and mantissa, put where fp16 has its lower 4 and upper 3 bits, are the value divided by
// 2^8, subnormals included. A NaN, which no encoder makes, is taken for 480.
template <>
struct Eight<KvCode::kFp8E4m3> {
  static constexpr uint32_t kBits = 8;
  static constexpr float kFactor = 256.0F;
  uint2 raw;
  __device__ void Load(const uint8_t* from) { raw = __ldcs(reinterpret_cast<const uint2*>(from)); }
  __device__ void Values(float (&to)[kEight]) const {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const uint32_t word = i < 2 ? raw.x : raw.y;
      const uint32_t apart = __byte_perm(word, 0, i % 2 == 0 ? 0x4140U : 0x4342U);
      const float2 pair = Fp16::Unpack((apart & 0x00800080U) << 8 | (apart & 0x007F007FU) << 7);
      to[2 * i] = pair.x;
      to[2 * i + 1] = pair.y;
    }
  }
};

// 2^23 + u has u in its low mantissa bits: no slow conversion of integers.
template <>
struct Eight<KvCode::kInt8> {
  static constexpr uint32_t kBits = 8;
  static constexpr float kFactor = 1.0F;
  uint2 raw;
  __device__ void Load(const uint8_t* from) { raw = __ldcs(reinterpret_cast<const uint2*>(from)); }
  __device__ void Values(float (&to)[kEight]) const {
#pragma unroll
    for (uint32_t i = 0; i < 8; ++i) {
      const uint32_t biased = (i < 4 ? raw.x : raw.y) ^ 0x80808080U;
      to[i] = __uint_as_float(__byte_perm(biased, 0x4B000000U, 0x7650U | i % 4)) - 8388736.0F;
    }
  }
};

template <>
struct Eight<KvCode::kInt4> {
  static constexpr uint32_t kBits = 4;
  static constexpr float kFactor = 1.0F;
  uint32_t raw;
  __device__ void Load(const uint8_t* from) {
    raw = __ldcs(reinterpret_cast<const uint32_t*>(from));
  }
  __device__ void Values(float (&to)[kEight]) const {
#pragma unroll
    for (uint32_t i = 0; i < 8; ++i) {
      to[i] = __uint_as_float((raw >> (4 * i) & 15U) | 0x4B000000U) - 8388616.0F;
    }
  }
};

template <KvCode kCode>
inline __device__ uint32_t BytesOf(uint32_t values) {
  return values * Eight<kCode>::kBits / 8;
}

// Scale of vector `index` times the format's factor.
template <KvCode kCode>
inline __device__ float ScaleOf(const uint16_t* scales, uint64_t index) {
  if constexpr (kCode != KvCode::kInt8 && kCode != KvCode::kInt4) {
    (void)scales;
    (void)index;
    return Eight<kCode>::kFactor;
  } else {
    return __half2float(__ushort_as_half(__ldg(scales + index)));
  }
}

}  // namespace quantfleet::attention::cuda
