// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/host_device.hpp"
#include "kernels/formats/ieee/fp16.hpp"

namespace quantfleet::formats {

// Little-endian fields at any address: the size of a block need not be a multiple of its fields'.

QF_HOST_DEVICE inline uint16_t Load16(const uint8_t* bytes) {
  return static_cast<uint16_t>(bytes[0] | (bytes[1] << 8));
}

QF_HOST_DEVICE inline uint32_t Load32(const uint8_t* bytes) {
  return Load16(bytes) | (static_cast<uint32_t>(Load16(bytes + 2)) << 16);
}

QF_HOST_DEVICE inline float LoadFp16(const uint8_t* bytes) {
  return DecodeFp16(Load16(bytes));
}

inline void Store32(uint32_t word, uint8_t* bytes) {
  for (uint32_t i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(word >> (8 * i));
}

// Rounds to nearest even. False if an infinity or a NaN was stored.
inline bool StoreFp16(float value, uint8_t* bytes) {
  const uint16_t bits = EncodeFp16(value);
  bytes[0] = static_cast<uint8_t>(bits);
  bytes[1] = static_cast<uint8_t>(bits >> 8);
  return (bits & 0x7C00U) != 0x7C00U;
}

}  // namespace quantfleet::formats
