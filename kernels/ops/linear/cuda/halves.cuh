// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace quantfleet::linear::cuda {

// The two 16-bit types behind one face. A kernel for bf16 is compiled for sm_80 and up only, one
// for fp16 below only: kCompiled is false elsewhere, the body is empty and the host never
// launches it (see plan.hpp).
struct Bf16 {
  using Type = __nv_bfloat16;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
  static constexpr bool kCompiled = false;
#else
  static constexpr bool kCompiled = true;
#endif

  static __device__ Type Round(float value) {
    return __float2bfloat16_rn(value);
  }
  // `low` in bits 0..15.
  static __device__ uint32_t Pack(float low, float high) {
    const uint32_t low_bits = __bfloat16_as_ushort(__float2bfloat16_rn(low));
    const uint32_t high_bits = __bfloat16_as_ushort(__float2bfloat16_rn(high));
    return low_bits | high_bits << 16;
  }
  static __device__ float2 Unpack(uint32_t pair) {
    return {__uint_as_float(pair << 16), __uint_as_float(pair & 0xFFFF0000U)};
  }

  // Pairs whose low mantissa bits take a code: 128 + q, exact up to q = 127.
  static constexpr uint32_t kBiasBits = 0x43004300U;
  static constexpr float kBias = 128;
  static constexpr int kMantissaBits = 7;
  static constexpr int kExponentBias = 127;

  // 2^exponent in both halves.
  static constexpr __device__ uint32_t PowerOfTwo(int exponent) {
    return static_cast<uint32_t>(exponent + kExponentBias) << kMantissaBits << 16 |
           static_cast<uint32_t>(exponent + kExponentBias) << kMantissaBits;
  }
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
  // Arithmetic on both halves, each rounded once. Subnormal operands count in full.
  static __device__ uint32_t Subtract(uint32_t a, uint32_t b) {
    return Bits(__hsub2(Values(a), Values(b)));
  }
  static __device__ uint32_t Multiply(uint32_t a, uint32_t b) {
    return Bits(__hmul2(Values(a), Values(b)));
  }
  static __device__ uint32_t MultiplyAdd(uint32_t a, uint32_t b, uint32_t c) {
    return Bits(__hfma2(Values(a), Values(b), Values(c)));
  }

 private:
  union Pun {
    uint32_t bits;
    __nv_bfloat162 values;
    __device__ Pun() {}
  };
  static __device__ __nv_bfloat162 Values(uint32_t bits) {
    Pun pun;
    pun.bits = bits;
    return pun.values;
  }
  static __device__ uint32_t Bits(__nv_bfloat162 values) {
    Pun pun;
    pun.values = values;
    return pun.bits;
  }
#endif
};

struct Fp16 {
  using Type = __half;
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
  static constexpr bool kCompiled = false;
#else
  static constexpr bool kCompiled = true;
#endif

  static __device__ Type Round(float value) {
    return __float2half_rn(value);
  }
  static __device__ uint32_t Pack(float low, float high) {
    const uint32_t low_bits = __half_as_ushort(__float2half_rn(low));
    const uint32_t high_bits = __half_as_ushort(__float2half_rn(high));
    return low_bits | high_bits << 16;
  }
  static __device__ float2 Unpack(uint32_t pair) {
    const __half low = __ushort_as_half(static_cast<unsigned short>(pair & 0xFFFFU));
    const __half high = __ushort_as_half(static_cast<unsigned short>(pair >> 16));
    return {__half2float(low), __half2float(high)};
  }

  // 1024 + q, exact up to q = 1023.
  static constexpr uint32_t kBiasBits = 0x64006400U;
  static constexpr float kBias = 1024;
  static constexpr int kMantissaBits = 10;
  static constexpr int kExponentBias = 15;

  static constexpr __device__ uint32_t PowerOfTwo(int exponent) {
    return static_cast<uint32_t>(exponent + kExponentBias) << kMantissaBits << 16 |
           static_cast<uint32_t>(exponent + kExponentBias) << kMantissaBits;
  }
  static __device__ uint32_t Subtract(uint32_t a, uint32_t b) {
    return Bits(__hsub2(Values(a), Values(b)));
  }
  static __device__ uint32_t Multiply(uint32_t a, uint32_t b) {
    return Bits(__hmul2(Values(a), Values(b)));
  }
  static __device__ uint32_t MultiplyAdd(uint32_t a, uint32_t b, uint32_t c) {
    return Bits(__hfma2(Values(a), Values(b), Values(c)));
  }

 private:
  union Pun {
    uint32_t bits;
    __half2 values;
    __device__ Pun() {}
  };
  static __device__ __half2 Values(uint32_t bits) {
    Pun pun;
    pun.bits = bits;
    return pun.values;
  }
  static __device__ uint32_t Bits(__half2 values) {
    Pun pun;
    pun.values = values;
    return pun.bits;
  }
};

// 16 bytes of weights, each read once: past L1 and first to leave L2, so that they do not push the
// activations out.
inline __device__ uint4 LoadStreaming(const uint4* address) {
  return __ldcs(address);
}
inline __device__ uint2 LoadStreaming(const uint2* address) {
  return __ldcs(address);
}
inline __device__ uint32_t LoadStreaming(const uint32_t* address) {
  return __ldcs(address);
}

}  // namespace quantfleet::linear::cuda
