// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"
#include "kernels/formats/gguf/iq/iq2_xxs_grid.hpp"
#include "kernels/formats/little_endian.hpp"

namespace quantfleet::formats {

// GGUF IQ2_XXS: 8 weights at a time are a point of a grid of 256, with signs. A block is fp16 d,
// then 8 bytes a group of 32 weights: four grid indices (8 weights each), then a 32-bit word with
// four 7-bit sign fields and a 4-bit scale s at the top. w = d (0.5 + s) / 4 * (8, 25 or 43) *
// sign. Bit e of a sign field makes element e negative; the eighth sign makes their number even.
// Encoding takes every weight for equally important (ggml asks for an importance matrix; ours is
// all ones). Source: block_iq2_xxs in src/ggml-common.h and quantize_row_iq2_xxs_impl in
// src/ggml-quants.c of ggml-org/ggml d99724f2.
struct Iq2Xxs {
  static constexpr uint32_t kBlock = 256;
  static constexpr uint32_t kBytes = 66;
  // Weights that share a scale.
  static constexpr uint32_t kGroup = 32;
  // Byte where the groups start, and bytes of one.
  static constexpr uint32_t kGroups = 2;
  static constexpr uint32_t kGroupBytes = 8;

  // Word with signs and scale of group g.
  QF_HOST_DEVICE static uint32_t SignsAndScale(const uint8_t* block, uint32_t g) {
    return Load32(&block[kGroups + kGroupBytes * g + 4]);
  }
  // d (0.5 + s) / 4 of group g. Exact.
  QF_HOST_DEVICE static float Scale(const uint8_t* block, uint32_t g) {
    return LoadFp16(block) * (0.5F + static_cast<float>(SignsAndScale(block, g) >> 28)) * 0.25F;
  }
  // Grid index of the 8 weights that start at 8 n.
  QF_HOST_DEVICE static uint32_t GridIndex(const uint8_t* block, uint32_t n) {
    return block[kGroups + kGroupBytes * (n / 4) + n % 4];
  }
  // Signs of the 8 weights that start at 8 n: bit e set makes element e negative.
  QF_HOST_DEVICE static uint32_t Signs(const uint8_t* block, uint32_t n) {
    const uint32_t field = (SignsAndScale(block, n / 4) >> (7 * (n % 4))) & 127U;
    uint32_t parity = field ^ (field >> 4);
    parity = (0x6996U >> (parity & 15U)) & 1U;
    return field | (parity << 7);
  }
  // Magnitude that a code of a grid point stands for: 8, 25 or 43.
  QF_HOST_DEVICE static int32_t Magnitude(uint32_t code) {
    return static_cast<int32_t>(8 + 17 * code + code / 2);
  }
  // Weight i. Exact.
  QF_HOST_DEVICE static float Decode(const uint8_t* block, uint32_t i) {
    const uint32_t code = (Iq2XxsGridPoint(GridIndex(block, i / 8)) >> (i % 8 * 2)) & 3U;
    const float magnitude = Scale(block, i / kGroup) * static_cast<float>(Magnitude(code));
    return ((Signs(block, i / 8) >> (i % 8)) & 1U) != 0 ? -magnitude : magnitude;
  }
};

const Format& Iq2XxsFormat();

}  // namespace quantfleet::formats
