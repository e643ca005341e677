// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/formats/format.hpp"
#include "kernels/formats/ieee/fp16.hpp"

// What the AWQ and GPTQ layouts share: little-endian int32 words of eight 4-bit codes, whose nibble
// i is bits 4i to 4i + 3, one fp16 scale and one 4-bit zero for 128 columns of a row. As in those
// files, a row (output channel) is an index of the fast dimension: N = rows, K = columns.
namespace quantfleet::formats {

inline constexpr uint64_t kInt4Group = 128;
inline constexpr uint64_t kCodesPerWord = 8;
inline constexpr float kLargestInt4 = 15.0F;

// Word `index` of the array that begins at `from`.
inline uint32_t LoadWord(const std::byte* from, uint64_t index) {
  uint32_t word = 0;
  std::memcpy(&word, from + index * sizeof(word), sizeof(word));
  return word;
}

// Puts `code` (below 16) into a nibble that is 0 so far.
inline void AddNibble(std::byte* to, uint64_t index, uint64_t nibble, uint32_t code) {
  const uint32_t word = LoadWord(to, index) | (code << (4 * nibble));
  std::memcpy(to + index * sizeof(word), &word, sizeof(word));
}

inline float LoadScale(const std::byte* scales, uint64_t index) {
  uint16_t bits = 0;
  std::memcpy(&bits, scales + index * sizeof(bits), sizeof(bits));
  return DecodeFp16(bits);
}

// Rounds `scale` to fp16, stores it and returns what was stored.
inline float StoreScale(std::byte* scales, uint64_t index, float scale) {
  const uint16_t bits = EncodeFp16(scale);
  std::memcpy(scales + index * sizeof(bits), &bits, sizeof(bits));
  return DecodeFp16(bits);
}

// ok, or kInvalidArgument: rows are packed eight to a word. `columns` is checked by
// Format::CheckShape.
Status CheckInt4Rows(const Format& format, uint64_t rows);

}  // namespace quantfleet::formats
