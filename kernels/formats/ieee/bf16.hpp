// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/float_bits.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// bfloat16: the upper half of binary32, rounded to nearest even, little-endian.
const Format& Bf16();

// The float whose upper half is `bits`. Exact.
QF_HOST_DEVICE inline float DecodeBf16(uint16_t bits) {
  return FloatOfBits(static_cast<uint32_t>(bits) << 16);
}

// Nearest bfloat16, ties to even. `value` is not NaN; a value past the largest becomes infinity.
QF_HOST_DEVICE inline uint16_t EncodeBf16(float value) {
  const uint32_t word = BitsOfFloat(value);
  const uint32_t lowest_kept = (word >> 16) & 1U;
  return static_cast<uint16_t>((word + 0x7FFFU + lowest_kept) >> 16);
}

}  // namespace quantfleet::formats
