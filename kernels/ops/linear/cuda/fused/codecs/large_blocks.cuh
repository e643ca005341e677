// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/fused/codecs/small_blocks.cuh"

// Codecs of the formats with blocks of 256 weights; the planes are those of
// tiling/large_blocks.cpp.
namespace quantfleet::linear::cuda {

// Unit of the block.
__device__ inline uint32_t UnitOfBlock(const Place& place) {
  return (place.step * kStepUnits + place.member) % 8;
}

// w = d sc q - dmin m with the 6-bit sc and m that formats::UnpackSixBitPair describes. `header` is
// d, dmin and the 12 bytes.
struct SixBitScales {
  static __device__ float Scale(const uint4& header, const Place& place) {
    const uint32_t unit = UnitOfBlock(place);
    const uint32_t shift = unit % 4 * 8;
    const uint32_t first = header.y >> shift;
    const uint32_t third = header.w >> shift;
    const uint32_t scale = unit < 4 ? first & 63U : (third & 15U) | (first >> 2 & 0x30U);
    return HalfValue(header.x) * static_cast<float>(scale);
  }
  static __device__ float Minimum(const uint4& header, const Place& place) {
    const uint32_t unit = UnitOfBlock(place);
    const uint32_t shift = unit % 4 * 8;
    const uint32_t second = header.z >> shift;
    const uint32_t third = header.w >> shift;
    const uint32_t minimum = unit < 4 ? second & 63U : (third >> 4 & 15U) | (second >> 2 & 0x30U);
    return HalfValue(header.x >> 16) * static_cast<float>(minimum);
  }
};

// w = d sc (q - 8) - (dmin m - 8 d sc); see Q41Codec.
struct Q4KCodec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = true;
  struct Raw {
    uint4 codes;
    uint4 header;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.header = __ldg(place.Shared<uint4, 8>(planes, 1));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
#pragma unroll
    for (int i = 0; i < 8; ++i) pairs[i] = PairOf<Half>(QuadCodes(raw.codes, run, i), 8);
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place& place, int) {
    return SixBitScales::Scale(raw.header, place);
  }
  static __device__ float Minimum(const Planes&, const Raw& raw, const Place& place, int) {
    return SixBitScales::Minimum(raw.header, place) - 8 * SixBitScales::Scale(raw.header, place);
  }
};

// w = d sc (q - 16) - (dmin m - 16 d sc).
struct Q5KCodec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = true;
  struct Raw {
    uint4 codes;
    uint32_t fifth;
    uint4 header;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.fifth = LoadStreaming(place.Unit<uint32_t>(planes, 1));
    raw.header = __ldg(place.Shared<uint4, 8>(planes, 2));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const uint32_t two = QuadCodes(raw.codes, run, i) | BitCodes(raw.fifth, run, i) << 4;
      pairs[i] = PairOf<Half>(two, 16);
    }
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place& place, int) {
    return SixBitScales::Scale(raw.header, place);
  }
  static __device__ float Minimum(const Planes&, const Raw& raw, const Place& place, int) {
    return SixBitScales::Minimum(raw.header, place) - 16 * SixBitScales::Scale(raw.header, place);
  }
};

// w = d sc (q - 32), int8 sc.
struct Q6KCodec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint4 codes;
    uint2 upper;
    uint32_t sub_scales;
    uint32_t scale;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.upper = LoadStreaming(place.Unit<uint2>(planes, 1));
    raw.sub_scales = __ldg(place.Unit<uint16_t>(planes, 2));
    raw.scale = __ldg(place.Shared<uint16_t, 8>(planes, 3));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const uint32_t two = QuadCodes(raw.codes, run, i) | PairCodes(raw.upper, run, i) << 4;
      pairs[i] = PairOf<Half>(two, 32);
    }
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int run) {
    const auto sub = static_cast<int8_t>(raw.sub_scales >> (8 * run) & 0xFFU);
    return HalfValue(raw.scale) * static_cast<float>(sub);
  }
};

// w = d (sc - 32) (q - 4); the 6-bit sc lie as formats::Q3K says, d behind them.
struct Q3KCodec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint2 codes;
    uint32_t third;
    uint4 header;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint2>(planes, 0));
    raw.third = LoadStreaming(place.Unit<uint32_t>(planes, 1));
    raw.header = __ldg(place.Shared<uint4, 8>(planes, 2));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const uint32_t two = PairCodes(raw.codes, run, i) | BitCodes(raw.third, run, i) << 2;
      pairs[i] = PairOf<Half>(two, 4);
    }
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place& place, int run) {
    const uint32_t sub = UnitOfBlock(place) * 2 + run;
    const uint32_t word = sub % 8 < 4 ? raw.header.x : raw.header.y;
    const uint32_t low = word >> (sub % 4 * 8 + sub / 8 * 4) & 15U;
    const uint32_t upper = raw.header.z >> (sub % 4 * 8 + sub / 4 * 2) & 3U;
    const auto scale = static_cast<int32_t>(low | upper << 4) - 32;
    return HalfValue(raw.header.w) * static_cast<float>(scale);
  }
};

// w = d sc (q - 2) - (dmin m - 2 d sc) with 4-bit sc (low nibble) and m.
struct Q2KCodec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = true;
  struct Raw {
    uint2 codes;
    uint32_t sub_scales;
    uint32_t scales;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint2>(planes, 0));
    raw.sub_scales = __ldg(place.Unit<uint16_t>(planes, 1));
    raw.scales = __ldg(place.Shared<uint32_t, 8>(planes, 2));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
#pragma unroll
    for (int i = 0; i < 8; ++i) pairs[i] = PairOf<Half>(PairCodes(raw.codes, run, i), 2);
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int run) {
    return HalfValue(raw.scales) * static_cast<float>(raw.sub_scales >> (8 * run) & 15U);
  }
  static __device__ float Minimum(const Planes& planes, const Raw& raw, const Place& place,
                                  int run) {
    const float minimum =
        HalfValue(raw.scales >> 16) * static_cast<float>(raw.sub_scales >> (8 * run + 4) & 15U);
    return minimum - 2 * Scale(planes, raw, place, run);
  }
};

}  // namespace quantfleet::linear::cuda
