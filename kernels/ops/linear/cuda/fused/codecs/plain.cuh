// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/bitsandbytes/fp4.hpp"
#include "kernels/formats/bitsandbytes/nf4.hpp"
#include "kernels/ops/linear/cuda/dynamic_map.cuh"
#include "kernels/ops/linear/cuda/fused/codecs/integers.cuh"
#include "kernels/ops/linear/cuda/fused/codecs/pair_table.cuh"
#include "kernels/ops/linear/cuda/fused/planes.cuh"

namespace quantfleet::linear::cuda {

// One byte a weight in two planes, a scale a row in the third.
struct ByteRows : NoTable {
  static constexpr Scaling kScaling = Scaling::kRow;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint4 low;
    uint4 high;
  };

  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.low = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.high = LoadStreaming(place.Unit<uint4>(planes, 1));
  }
  static __device__ float RowScale(const Planes& planes, uint32_t row) {
    return reinterpret_cast<const float*>(planes.plane[2])[row];
  }
};

// Weights become the integers -127..127, which bf16 and fp16 hold exactly.
struct Int8Codec : ByteRows {
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
    BytePairs<Half>(run == 0 ? raw.low : raw.high, pairs);
  }
};

// A byte moves to where the 16-bit type has sign, exponent and mantissa; a multiplication then sets
// the exponent's bias right, exactly, subnormals included. Infinity and NaN, which no encoder of
// ours writes, become large values.
template <int kMantissaBits>
struct Fp8Codec : ByteRows {
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
    const uint4& bytes = run == 0 ? raw.low : raw.high;
    const uint32_t words[4] = {bytes.x, bytes.y, bytes.z, bytes.w};
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      // The byte in the upper half of its 16 bits.
      const uint32_t two = __byte_perm(words[i / 2], 0, i % 2 == 0 ? 0x1404U : 0x3424U);
      constexpr uint32_t kShift = 8 - (Half::kMantissaBits - kMantissaBits);
      const uint32_t bits = (two & 0x80008000U) | (two & 0x7F007F00U) >> kShift;
      pairs[i] = Half::Multiply(bits, Half::PowerOfTwo(Half::kExponentBias - kBias));
    }
  }

 private:
  static constexpr int kBias = kMantissaBits == 3 ? 7 : 15;
};

struct Nf4Values {
  static __device__ float At(uint32_t code) { return formats::DecodeNf4(code, 1.0F); }
};
struct Fp4Values {
  static __device__ float At(uint32_t code) { return formats::DecodeFp4(code, 1.0F); }
};

// Planes: bytes of two codes; fp32 absmax of 64 weights.
template <typename Values>
struct FourBitCodec : PairTable<Values> {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint4 codes;
    float absmax;
  };

  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.absmax = __ldg(place.Shared<float, 2>(planes, 1));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    PairTable<Values>::LookUp(raw.codes, run, table, pairs);
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return raw.absmax;
  }
};

// Planes: bytes of two codes; 8-bit absmax of 64 weights; the tail has the fp32 absmax of each 256
// of those, counted along the flat order, and the offset (formats/bitsandbytes/double_quant.hpp).
template <typename Values>
struct DoubleQuantCodec : PairTable<Values> {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint4 codes;
    uint32_t absmax8;
  };

  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.absmax8 = __ldg(place.Shared<uint8_t, 2>(planes, 1));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    PairTable<Values>::LookUp(raw.codes, run, table, pairs);
  }
  static __device__ float Scale(const Planes& planes, const Raw& raw, const Place& place, int) {
    const auto* tail = reinterpret_cast<const float*>(planes.plane[2]);
    const uint64_t row_blocks = planes.k / kBlock;
    const uint64_t blocks = planes.n * row_blocks;
    // Padding decodes with the last block's: its codes meet activations of 0.
    const uint64_t row = min(place.tile * kTileRows + place.row, planes.n - 1);
    const uint64_t block = row * row_blocks + (place.step * kStepUnits + place.member) / 2;
    const float absmax2 = __ldg(tail + (block < blocks ? block : blocks - 1) / kAbsmaxBlock);
    const float offset = __ldg(tail + (blocks + kAbsmaxBlock - 1) / kAbsmaxBlock);
    return fmaf(DynamicMapValue(raw.absmax8), absmax2, offset);
  }

 private:
  static constexpr uint32_t kBlock = formats::kNf4Block;
  static constexpr uint32_t kAbsmaxBlock = 256;
};

}  // namespace quantfleet::linear::cuda
