// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/bitsandbytes/nf4.hpp"
#include "kernels/formats/int8/int8.hpp"
#include "kernels/ops/linear/cuda/halves.cuh"

namespace quantfleet::linear::cuda {

// How the tensor core kernel reads a format: each lane takes 16 neighbouring weights of a row (one
// Raw) and turns them into 8 pairs of 16-bit values, the register form of an mma operand.

// Weights become the 16-bit integers -127..127, which bf16 and fp16 hold exactly; the row's scale
// is applied to the finished sum.
struct Int8Codec {
  using Raw = uint4;
  static constexpr bool kBlockScales = false;
  static constexpr uint32_t kTableBytes = 0;

  template <typename Half>
  static __device__ void FillTable(uint32_t* table) {
    (void)table;
  }

  static __device__ Raw Load(const uint8_t* codes, uint64_t first) {
    return LoadStreaming(reinterpret_cast<const uint4*>(codes + first));
  }

  template <typename Half>
  static __device__ void Pairs(const Raw& raw, const uint32_t* table, uint32_t (&pairs)[8]) {
    (void)table;
    const uint32_t words[4] = {raw.x, raw.y, raw.z, raw.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const uint32_t biased = words[i] ^ 0x80808080U;
      pairs[2 * i] = Pair(Half(), biased, 0);
      pairs[2 * i + 1] = Pair(Half(), biased, 2);
    }
  }

  // Byte `index` of `biased` (q + 128) as float q, without the slow integer conversion: 2^23 + u
  // has u in its low mantissa bits.
  static __device__ float Value(uint32_t biased, uint32_t index) {
    return __uint_as_float(__byte_perm(biased, 0x4B000000U, 0x7650U | index)) - 8388736.0F;
  }

 private:
  static __device__ uint32_t Pair(Bf16, uint32_t biased, uint32_t index) {
    return Bf16::Pack(Value(biased, index), Value(biased, index + 1));
  }
  // The same with 2^10 + u in fp16.
  static __device__ uint32_t Pair(Fp16, uint32_t biased, uint32_t index) {
    union {
      uint32_t bits;
      __half2 pair;
    } value;
    value.bits = __byte_perm(biased, 0x64646464U, index == 0 ? 0x4140U : 0x4342U);
    value.pair = __hsub2(value.pair, __float2half2_rn(1152.0F));
    return value.bits;
  }
};

// A byte holds two codes; a table of all 256 pairs turns it into two 16-bit values with one shared
// memory read. Every bank holds the whole table, so that lanes never wait for each other: 32 KiB.
// The block's absmax is applied to the sum over the block, in fp32.
struct Nf4Codec {
  using Raw = uint2;
  static constexpr bool kBlockScales = true;
  static constexpr uint32_t kTableBytes = 256 * 32 * 4;

  template <typename Half>
  static __device__ void FillTable(uint32_t* table) {
    uint4* rows = reinterpret_cast<uint4*>(table);
    for (uint32_t i = threadIdx.x; i < kTableBytes / 16; i += blockDim.x) {
      const uint32_t byte = i / 8;
      const uint32_t pair =
          Half::Pack(formats::DecodeNf4(byte >> 4, 1.0F), formats::DecodeNf4(byte & 15U, 1.0F));
      rows[i] = {pair, pair, pair, pair};
    }
  }

  static __device__ Raw Load(const uint8_t* codes, uint64_t first) {
    return LoadStreaming(reinterpret_cast<const uint2*>(codes + first / 2));
  }

  template <typename Half>
  static __device__ void Pairs(const Raw& raw, const uint32_t* table, uint32_t (&pairs)[8]) {
    const uint32_t* bank = table + threadIdx.x % 32;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const uint32_t word = i < 4 ? raw.x : raw.y;
      pairs[i] = bank[(word >> (8 * (i % 4)) & 0xFFU) * 32];
    }
  }
};

}  // namespace quantfleet::linear::cuda
