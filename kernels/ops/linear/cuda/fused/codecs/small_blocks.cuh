// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/fused/codecs/integers.cuh"
#include "kernels/ops/linear/cuda/fused/planes.cuh"

// Codecs of the formats with blocks of 32 (nvfp4: 64) weights; the planes are those of
// tiling/small_blocks.cpp.
namespace quantfleet::linear::cuda {

__device__ inline float HalfValue(uint32_t bits) {
  return __half2float(__ushort_as_half(static_cast<unsigned short>(bits & 0xFFFFU)));
}

struct Q80Codec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint4 low;
    uint4 high;
    uint32_t scale;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.low = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.high = LoadStreaming(place.Unit<uint4>(planes, 1));
    raw.scale = __ldg(place.Unit<uint16_t>(planes, 2));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
    BytePairs<Half>(run == 0 ? raw.low : raw.high, pairs);
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return HalfValue(raw.scale);
  }
};

// w = d (q - 8).
struct Q40Codec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint4 codes;
    uint32_t scale;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.scale = __ldg(place.Unit<uint16_t>(planes, 1));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
#pragma unroll
    for (int i = 0; i < 8; ++i) pairs[i] = PairOf<Half>(QuadCodes(raw.codes, run, i), 8);
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return HalfValue(raw.scale);
  }
};

// w = d q + m = d (q - 8) + (m + 8 d): with codes around 0 neither term is much larger than w, and
// their roundings to 16 bits stay small beside it. The other formats with a minimum do the same.
struct Q41Codec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = true;
  struct Raw {
    uint4 codes;
    uint32_t scales;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.scales = LoadStreaming(place.Unit<uint32_t>(planes, 1));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
#pragma unroll
    for (int i = 0; i < 8; ++i) pairs[i] = PairOf<Half>(QuadCodes(raw.codes, run, i), 8);
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return HalfValue(raw.scales);
  }
  static __device__ float Minimum(const Planes&, const Raw& raw, const Place&, int) {
    return -HalfValue(raw.scales >> 16) - 8 * HalfValue(raw.scales);
  }
};

// Four bits and a fifth.
struct FiveBits : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  struct Raw {
    uint4 codes;
    uint32_t fifth;
    uint32_t scales;
  };
  static __device__ void LoadCodes(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.fifth = LoadStreaming(place.Unit<uint32_t>(planes, 1));
  }
  template <typename Half, int kZero>
  static __device__ void CodesFrom(const Raw& raw, int run, uint32_t (&pairs)[8]) {
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const uint32_t two = QuadCodes(raw.codes, run, i) | BitCodes(raw.fifth, run, i) << 4;
      pairs[i] = PairOf<Half>(two, kZero);
    }
  }
};

// w = d (q - 16).
struct Q50Codec : FiveBits {
  static constexpr bool kHasMinimum = false;
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    LoadCodes(planes, place, raw);
    raw.scales = __ldg(place.Unit<uint16_t>(planes, 2));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
    CodesFrom<Half, 16>(raw, run, pairs);
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return HalfValue(raw.scales);
  }
};

// w = d (q - 16) + (m + 16 d).
struct Q51Codec : FiveBits {
  static constexpr bool kHasMinimum = true;
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    LoadCodes(planes, place, raw);
    raw.scales = LoadStreaming(place.Unit<uint32_t>(planes, 2));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
    CodesFrom<Half, 16>(raw, run, pairs);
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return HalfValue(raw.scales);
  }
  static __device__ float Minimum(const Planes&, const Raw& raw, const Place&, int) {
    return -HalfValue(raw.scales >> 16) - 16 * HalfValue(raw.scales);
  }
};

// E2M1 codes: sign, exponent and mantissa go where the 16-bit type has them; a multiplication
// then sets the exponent's bias right, exactly, subnormals included.
struct E2m1 : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint4 codes;
    uint32_t scales;
  };
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const uint32_t two = QuadCodes(raw.codes, run, i);
      const uint32_t bits = (two & 0x00080008U) << 12 | (two & 0x00070007U)
                                                            << (Half::kMantissaBits - 1);
      pairs[i] = Half::Multiply(bits, Half::PowerOfTwo(Half::kExponentBias - 1));
    }
  }
};

struct Mxfp4Codec : E2m1 {
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.scales = __ldg(place.Unit<uint8_t>(planes, 1));
  }
  // 2^(e - 127), subnormal for e = 0.
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return __uint_as_float(raw.scales == 0 ? 0x00400000U : raw.scales << 23);
  }
};

// Scales as formats::Nvfp4::DecodeHalfScale, doubled.
struct Nvfp4Codec : E2m1 {
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.scales = __ldg(place.Unit<uint16_t>(planes, 1));
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int run) {
    const uint32_t byte = raw.scales >> (8 * run) & 0xFFU;
    // E4M3 in the place of binary16's fields is 2^-8 of itself.
    return byte == 0x7FU ? 0.0F : HalfValue((byte & 0x7FU) << 7) * 256.0F;
  }
};

}  // namespace quantfleet::linear::cuda
