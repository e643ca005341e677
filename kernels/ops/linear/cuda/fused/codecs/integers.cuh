// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/halves.cuh"

namespace quantfleet::linear::cuda {

// Integer codes to pairs of 16-bit floats without a conversion instruction: or-ed into the low
// mantissa bits of 128 (bf16) or 1024 (fp16), then the bias and the format's zero are subtracted,
// which is exact. The technique is that of Kim et al., "Who Says Elephants Can't Run"
// (https://arxiv.org/abs/2211.10017). Bit orders: PutQuads, PutPairs, PutBits of tiling.hpp.

// `value` in both halves; exact for the integers used here.
template <typename Half>
__device__ uint32_t Both(float value) {
  return Half::Pack(value, value);
}

// Two codes of up to 7 bits, in the low bits of the halves of `two`, less `zero`.
template <typename Half>
__device__ uint32_t PairOf(uint32_t two, float zero) {
  return Half::Subtract(two | Half::kBiasBits, Both<Half>(Half::kBias + zero));
}

// Codes of run `run`, pair `i`, in the low bits of two halves.
__device__ inline uint32_t QuadCodes(const uint4& quads, int run, int i) {
  const uint32_t low = run == 0 ? quads.x : quads.z;
  const uint32_t high = run == 0 ? quads.y : quads.w;
  return (i < 4 ? low : high) >> (i % 4 * 4) & 0x000F000FU;
}
__device__ inline uint32_t PairCodes(const uint2& pairs, int run, int i) {
  return (run == 0 ? pairs.x : pairs.y) >> (i * 2) & 0x00030003U;
}
__device__ inline uint32_t BitCodes(uint32_t bits, int run, int i) {
  return bits >> (run * 8 + i) & 0x00010001U;
}

// Byte `index` of `biased` (q + 128) as float q: 2^23 + u has u in its low mantissa bits.
__device__ inline float ByteValue(uint32_t biased, uint32_t index) {
  return __uint_as_float(__byte_perm(biased, 0x4B000000U, 0x7650U | index)) - 8388736.0F;
}

// Bytes `index` and `index` + 1 (0 or 2) of int8 codes in `biased` (q + 128) as a pair. bf16 has no
// room for 8 bits beside a bias, so that it goes through fp32, exactly.
__device__ inline uint32_t BytePair(Bf16, uint32_t biased, uint32_t index) {
  return Bf16::Pack(ByteValue(biased, index), ByteValue(biased, index + 1));
}
__device__ inline uint32_t BytePair(Fp16, uint32_t biased, uint32_t index) {
  const uint32_t bits = __byte_perm(biased, 0x64646464U, index == 0 ? 0x4140U : 0x4342U);
  return Fp16::Subtract(bits, Both<Fp16>(1152.0F));
}

// 16 int8 codes.
template <typename Half>
__device__ void BytePairs(const uint4& bytes, uint32_t (&pairs)[8]) {
  const uint32_t words[4] = {bytes.x, bytes.y, bytes.z, bytes.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const uint32_t biased = words[i] ^ 0x80808080U;
    pairs[2 * i] = BytePair(Half(), biased, 0);
    pairs[2 * i + 1] = BytePair(Half(), biased, 2);
  }
}

}  // namespace quantfleet::linear::cuda
