// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/fused/codecs/small_blocks.cuh"

namespace quantfleet::linear::cuda {

// awq_int4 and gptq_int4: w = (q - zero) scale. Planes: codes; fp16 scale and zero (0 to 16) of 128
// weights.
struct Int4Codec : NoTable {
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  struct Raw {
    uint4 codes;
    uint32_t scale;
    uint32_t zero;
  };
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.codes = LoadStreaming(place.Unit<uint4>(planes, 0));
    raw.scale = __ldg(place.Shared<uint16_t, 4>(planes, 1));
    raw.zero = __ldg(place.Shared<uint8_t, 4>(planes, 2));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
    (void)table;
    // The bias' last bit counts 1, so that adding the zero to the bits adds it to the value.
    const uint32_t zero = Half::kBiasBits + raw.zero * 0x00010001U;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      pairs[i] = Half::Subtract(QuadCodes(raw.codes, run, i) | Half::kBiasBits, zero);
    }
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return HalfValue(raw.scale);
  }
};

}  // namespace quantfleet::linear::cuda
