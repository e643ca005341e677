// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/gguf/iq/iq2_xxs.hpp"
#include "kernels/ops/linear/cuda/fused/codecs/small_blocks.cuh"

namespace quantfleet::linear::cuda {

// IQ2_XXS: the grid's 256 points lie in shared memory as 8 magnitudes of 16 bits each; a look-up
// gives 4 pairs, whose sign bits are then set. Lanes that look up different points collide in the
// banks: the price of a codebook.
struct Iq2XxsCodec {
  static constexpr int kWideTilesM = 2;
  static constexpr Scaling kScaling = Scaling::kRun;
  static constexpr bool kHasMinimum = false;
  static constexpr uint32_t kTableBytes = 256 * sizeof(uint4);
  struct Raw {
    uint2 group;  // four grid indices; signs and scale
    uint32_t scale;
  };

  template <typename Half>
  static __device__ void FillTable(uint32_t* table) {
    for (uint32_t i = threadIdx.x; i < 256 * 4; i += blockDim.x) {
      const uint32_t point = formats::Iq2XxsGridPoint(i / 4) >> (i % 4 * 4);
      table[i] = Half::Pack(static_cast<float>(formats::Iq2Xxs::Magnitude(point & 3U)),
                            static_cast<float>(formats::Iq2Xxs::Magnitude(point >> 2 & 3U)));
    }
  }
  static __device__ void Load(const Planes& planes, const Place& place, Raw& raw) {
    raw.group = LoadStreaming(place.Unit<uint2>(planes, 0));
    raw.scale = __ldg(place.Shared<uint16_t, 8>(planes, 1));
  }
  template <typename Half>
  static __device__ void Codes(const Raw& raw, int run, const uint32_t* table,
                               uint32_t (&pairs)[8]) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int part = run * 2 + half;
      const uint32_t index = raw.group.x >> (8 * part) & 0xFFU;
      const uint4 point = reinterpret_cast<const uint4*>(table)[index];
      const uint32_t field = raw.group.y >> (7 * part) & 127U;
      const uint32_t signs = field | (__popc(field) & 1U) << 7;
      const uint32_t words[4] = {point.x, point.y, point.z, point.w};
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const uint32_t low = signs << (15 - 2 * i) & 0x8000U;
        const uint32_t high = signs << (30 - 2 * i) & 0x80000000U;
        pairs[half * 4 + i] = words[i] ^ (low | high);
      }
    }
  }
  static __device__ float Scale(const Planes&, const Raw& raw, const Place&, int) {
    return HalfValue(raw.scale) * (0.5F + static_cast<float>(raw.group.y >> 28)) * 0.25F;
  }
};

}  // namespace quantfleet::linear::cuda
