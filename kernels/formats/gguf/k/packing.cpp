// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/packing.hpp"

namespace quantfleet::formats::k_quants {

void PackSixBitPairs(const SixBitPair* pairs, uint8_t* bytes) {
  for (uint32_t j = 0; j < 4; ++j) {
    const SixBitPair& early = pairs[j];
    const SixBitPair& late = pairs[j + 4];
    bytes[j] = static_cast<uint8_t>(early.scale | ((late.scale >> 4) << 6));
    bytes[j + 4] = static_cast<uint8_t>(early.min | ((late.min >> 4) << 6));
    bytes[j + 8] = static_cast<uint8_t>((late.scale & 15U) | ((late.min & 15U) << 4));
  }
}

void PackTwoBits(const uint8_t* codes, uint8_t* bytes) {
  for (uint32_t i = 0; i < kBlock / 4; ++i) {
    const uint8_t* const from = &codes[i / 32 * 128 + i % 32];
    uint32_t byte = 0;
    for (uint32_t s = 0; s < 4; ++s) byte |= (from[uint64_t{32} * s] & 3U) << (2 * s);
    bytes[i] = static_cast<uint8_t>(byte);
  }
}

void PackNibbles(const uint8_t* codes, uint8_t* bytes) {
  for (uint32_t i = 0; i < kBlock / 2; ++i) {
    const uint8_t* const from = &codes[i / 32 * 64 + i % 32];
    bytes[i] = static_cast<uint8_t>((from[0] & 15U) | ((from[32] & 15U) << 4));
  }
}

void PackBitPlane(const uint8_t* codes, uint32_t bit, uint8_t* bytes) {
  for (uint32_t i = 0; i < kBlock / 8; ++i) {
    uint32_t byte = 0;
    for (uint32_t s = 0; s < 8; ++s) byte |= ((codes[i + 32 * s] >> bit) & 1U) << s;
    bytes[i] = static_cast<uint8_t>(byte);
  }
}

}  // namespace quantfleet::formats::k_quants
