// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/gguf/k/sub_scales.hpp"

// How the 256 codes and the sub-scales of a K-quant block are spread over its bytes.
namespace quantfleet::formats::k_quants {

inline constexpr uint32_t kBlock = 256;
// Largest weight an encoder tries: no fp16 scale holds it, and no sum of the fits overflows.
inline constexpr float kLargestWeight = 0x1p30F;

// 8 pairs to the 12 bytes that UnpackSixBitPair reads.
void PackSixBitPairs(const SixBitPair* pairs, uint8_t* bytes);

// Lower two bits of code 128 h + l + 32 s to bit 2 s of byte 32 h + l; 64 bytes.
void PackTwoBits(const uint8_t* codes, uint8_t* bytes);

// Lower four bits of code 64 c + l to the low nibble of byte 32 c + l, of 64 c + 32 + l to the high
// one; 128 bytes.
void PackNibbles(const uint8_t* codes, uint8_t* bytes);

// Bit `bit` of code i to bit i / 32 of byte i % 32; 32 bytes.
void PackBitPlane(const uint8_t* codes, uint32_t bit, uint8_t* bytes);

}  // namespace quantfleet::formats::k_quants
